// Replies of LLMs through the core that knows their dialects: the tables of tests/cases/llm_*.json, and deltas as lines of the command.
import { readFileSync, readdirSync } from "node:fs";
import { provide } from "../../dist/core.js";
import { CORE } from "../../dist/generated/llm-core.js";
import { translated } from "../../dist/generated/llm-translated.js";
import { Notice } from "../../dist/items.js";
import * as inJs from "../../dist/llm-js.js";
import * as compiledIn from "../../dist/llm.js";
import { DeltaReader } from "../../dist/llm/rows.js";
import { Machine } from "../../dist/machine.js";
import { compiled } from "../../dist/wasm.js";
import { play } from "./play.mjs";
import { lineOfNotice } from "./rows.mjs";

const CASES = new URL("../../../tests/cases/", import.meta.url);

export const isTranslated = process.env.TIDEWIRE_CORE === "js";
export const llm = isTranslated ? inJs : compiledIn;
const source = isTranslated ? (grown) => translated(grown) : () => compiled(CORE);

/** All rows, each with its file, dialect and content type; a key that this runner does not know is a mistake. */
export function replies() {
  const known = new Set("name file dialect content_type data wire broken auto lines message bad_records outcome error".split(" "));
  const files = readdirSync(CASES).filter((name) => name.startsWith("llm_"));
  const rows = files.flatMap((file) => {
    const { cases, dialect, content_type } = JSON.parse(readFileSync(new URL(file, CASES), "utf8"));
    return cases.map((row) => ({ file, dialect, content_type, ...row }));
  });
  for (const row of rows) {
    for (const key of Object.keys(row)) if (!known.has(key)) throw new Error(`${row.file}: ${row.name}: no such key: ${key}`);
  }
  return rows;
}

/** The body of a row. */
export function bodyOf({ data, wire, content_type }) {
  const events = data?.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  let text = wire;
  if (events !== undefined) {
    if (content_type === "text/event-stream") text = events.map((one) => `data: ${one}\n\n`).join("");
    else if (content_type === "application/json") text = `[${events.join(",\n")}]`;
    else text = events.map((one) => `${one}\n`).join("");
  }
  return new Uint8Array(Buffer.from(text));
}

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What a line has of these fields: what is empty is left out. */
function fieldsOf(fields) {
  const kept = Object.entries(fields).filter(([name, value]) => value !== undefined && value !== "" && (name !== "choice" || value > 0));
  return Object.fromEntries(kept.map(([name, value]) => [snake(name), value]));
}

/** A delta as a line of `tidewire decode --dialect`. */
export function lineOfDelta(delta) {
  return { type: "delta", ...fieldsOf(delta) };
}

/** A message as that line, without its type. */
export function lineOfMessage({ toolCalls, citations, usage, others, raw, ...texts }) {
  const line = fieldsOf(texts);
  const list = (name, items, of) => {
    if (items?.length > 0) line[name] = items.map(of);
  };
  list("tool_calls", toolCalls, ({ id, name, arguments: value, argumentsText }) =>
    fieldsOf(value === undefined ? { id, name, argumentsText } : { id, name, arguments: value }),
  );
  list("citations", citations, fieldsOf);
  if (Object.keys(usage ?? {}).length > 0) line.usage = fieldsOf(usage);
  list("others", others, lineOfMessage);
  list("raw", raw, fieldsOf);
  return line;
}

/** One reply through a stream's machine: its lines, message and outcome. */
export function drive(dialect, { contentType = null, sniff = false, format, broken = false }, pieces) {
  provide(source);
  const machine = new Machine({ dialect, format, sniff, retryAttempts: 0 });
  const reader = new DeltaReader({ dialect });
  const lines = [];
  play(machine, { contentType, broken }, pieces, () => {
    for (const next of reader.read(machine.rows())) lines.push(next instanceof Notice ? lineOfNotice(next) : lineOfDelta(next));
  });
  const outcome = machine.outcome(undefined);
  machine.free();
  return { lines, message: lineOfMessage(reader.draft.whole()), outcome };
}
