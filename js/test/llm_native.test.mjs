// The same bytes through `tidewire decode --dialect` and through this package: the same deltas, message and end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bodyOf, drive, replies } from "./support/llm.mjs";

const TIDEWIRE = process.env.TIDEWIRE;
const skip = TIDEWIRE ? false : "TIDEWIRE names no command";
const CORPUS = process.env.TIDEWIRE_CORPUS ?? fileURLToPath(new URL("../../../shared/corpus", import.meta.url));
const FORMATS = {
  "text/event-stream": "sse",
  "application/json": "json-array",
  "application/x-ndjson": "ndjson",
  "text/plain": "text",
};

test("the rows, as the command", { skip }, () => {
  // The command's body does not break off.
  const rows = replies().filter(({ broken }) => !broken);
  for (const row of rows) compare(`${row.file}: ${row.name}`, row.dialect, FORMATS[row.content_type], bodyOf(row), 1);
  assert.ok(rows.length > 150);
});

const hasCorpus = existsSync(join(CORPUS, "manifest.json"));
const noCorpus = `NOT RUN: no recorded streams in ${CORPUS}; TIDEWIRE_CORPUS names them`;
if (!hasCorpus) console.log(noCorpus);

test("recorded streams, as the command", { skip: skip || (hasCorpus ? false : noCorpus) }, () => {
  const { entries } = JSON.parse(readFileSync(join(CORPUS, "manifest.json"), "utf8"));
  let read = 0;
  for (const { file, format } of entries) {
    if (format === "aws-eventstream") continue;
    const body = readFileSync(join(CORPUS, file));
    // Else the data of one event a line.
    const isWhole = format === "sse" || format === "ndjson";
    const isBedrock = file.includes("amazon-bedrock");
    const events = (text) => text.split(/\r?\n/).map((line) => `data: ${line}\n\n`).join("");
    const bytes = isWhole || isBedrock ? body : Buffer.from(events(body.toString()));
    compare(file, "auto", format === "ndjson" || (!isWhole && isBedrock) ? "ndjson" : "sse", new Uint8Array(bytes), 61);
    read++;
  }
  console.log(`${read} recorded streams`);
  assert.ok(read > 100, `${read}`);
});

/** Whole, and in pieces of so many bytes. */
function compare(name, dialect, format, body, size) {
  for (const chunk of [body.length, size]) {
    const options = ["decode", "--dialect", dialect, "--format", format, "--chunk", String(Math.max(1, chunk))];
    const { stdout } = spawnSync(TIDEWIRE, options, { input: body, maxBuffer: 1 << 28 });
    const lines = stdout.toString().trimEnd().split("\n").map((line) => JSON.parse(line));
    const end = lines.pop();
    const { type: _, ...message } = lines.splice(lines.findIndex(({ type }) => type === "message"), 1)[0];
    const pieces = [];
    for (let at = 0; at < body.length; at += chunk) pieces.push(body.subarray(at, at + chunk));
    const have = drive(dialect, { format, sniff: true }, pieces);
    assert.deepEqual(have.lines, lines.map(unworded), name);
    assert.deepEqual(have.message, message, name);
    for (const key of ["outcome", "error", "offset", "events", "bytes"]) assert.equal(have.outcome[key], end[key], `${name}: ${key}`);
  }
}

/** Messages of errors are not compared. */
function unworded(line) {
  if (line.type !== "error") return line;
  const { message: _, ...rest } = line;
  return rest;
}
