// The tables of tests/cases, which every language reads, and every way to cut a body.
import { readFileSync } from "node:fs";

const CASES = new URL("../../../tests/cases/", import.meta.url);

/** The rows of a table; a key that this runner does not know is a mistake. */
export function rows(file) {
  const known = new Set(
    ("name wire wire_hex options lines end line_ends last_event_id content_type format end_on fail_on heartbeat_on follow broken").split(" "),
  );
  const { cases } = JSON.parse(readFileSync(new URL(file, CASES), "utf8"));
  for (const row of cases) {
    for (const key of Object.keys(row)) if (!known.has(key)) throw new Error(`${file}: ${row.name}: no such key: ${key}`);
  }
  return cases;
}

export function wire(row) {
  return row.wire_hex === undefined ? new Uint8Array(Buffer.from(row.wire)) : new Uint8Array(Buffer.from(row.wire_hex, "hex"));
}

/** The bodies of a row: with `line_ends`, every LF replaced by each of the three line ends. */
export function bodies(row) {
  const body = wire(row);
  if (!row.line_ends) return [body];
  return ["\n", "\r", "\r\n"].map((end) => new Uint8Array(Buffer.from(Buffer.from(body).toString("latin1").replaceAll("\n", end), "latin1")));
}

/** The body whole, byte by byte, and at every two-way cut. */
export function* cuttings(body) {
  yield [body];
  yield Array.from(body, (byte) => Uint8Array.of(byte));
  for (let cut = 0; cut <= body.length; cut++) yield [body.subarray(0, cut), body.subarray(cut)];
}

/** The options of a row as JavaScript names them. */
export function options(row) {
  const camel = (key) => key.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(row.options ?? {}).map(([key, value]) => [camel(key), value]));
}

/** An item as a line of `tidewire decode`. */
export function lineOf(item) {
  if (!("data" in item)) return item;
  const { type: event, data, id } = item;
  return { type: "event", event, data, ...(id === "" ? {} : { id }) };
}

/** A notice as a line; messages are not compared. */
export function lineOfNotice({ hook, value }) {
  if (hook === "onError") {
    const { code, offset, limit } = value;
    return { type: "error", code, offset, ...(limit === undefined ? {} : { limit }) };
  }
  const line = { onComment: { type: "comment", comment: value }, onRetry: { type: "retry", ms: value }, onGap: { type: "gap", after: value } };
  return line[hook];
}

/** Adds a line; pieces of text depend on the cuts, so adjacent ones become one. */
export function push(lines, line) {
  const last = lines.at(-1);
  if (line.type === "text" && last?.type === "text") last.text += line.text;
  else lines.push(line.type === "text" ? { ...line } : line);
}
