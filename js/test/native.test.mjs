// The same bytes through `tidewire decode` and through this package: the same lines and the same end, cut or whole.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { drive } from "./support/drive.mjs";
import { bodies, options, rows } from "./support/rows.mjs";

const TIDEWIRE = process.env.TIDEWIRE;
const FILES = ["sse.json", "text.json", "json_ndjson.json", "json_seq.json", "json_array.json", "json_concat.json"];
const FORMATS = { "json_ndjson.json": "ndjson", "json_seq.json": "json-seq", "json_array.json": "json-array", "json_concat.json": "concat" };

for (const file of FILES) {
  test(`as the command: ${file}`, { skip: TIDEWIRE ? false : "TIDEWIRE names no command" }, () => {
    const format = FORMATS[file] ?? file.replace(".json", "");
    for (const row of rows(file)) {
      // What a decoder alone is told; a stream reads `[DONE]` by its markers.
      const { done: _, ...given } = options(row);
      const flags = Object.entries(given).flatMap(([key, value]) => {
        const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
        return value === true ? [flag] : [flag, String(value)];
      });
      for (const body of bodies(row)) {
        for (const chunk of [[], ["--chunk", "1"]]) {
          const pieces = chunk.length === 0 ? [body] : Array.from(body, (byte) => Uint8Array.of(byte));
          const command = spawnSync(TIDEWIRE, ["decode", "--format", format, ...flags, ...chunk], { input: body });
          const native = command.stdout.toString().trimEnd().split("\n");
          const end = JSON.parse(native.pop());
          const { lines, outcome } = drive({ ...given, format, retryAttempts: 0, resume: "never" }, {}, pieces);
          assert.deepEqual(lines.map(asLine), joined(native), row.name);
          for (const key of ["outcome", "bytes", "offset", "limit"]) assert.equal(outcome[key], end[key], `${row.name}: ${key}`);
          if (file !== "text.json") assert.equal(outcome.events, end.events, row.name);
        }
      }
    }
  });
}

/** A line's text. A record's value is compared as JavaScript reads it: native lines have numbers as they were written. */
function asLine(line) {
  if (line.type === "error") return JSON.stringify({ type: line.type, code: line.code, offset: line.offset, limit: line.limit });
  return JSON.stringify(line);
}

/** Native lines without messages, with adjacent texts as one; those of events and comments byte for byte. */
function joined(native) {
  const lines = [];
  for (const text of native) {
    const line = JSON.parse(text);
    const last = lines.length > 0 ? JSON.parse(lines.at(-1)) : undefined;
    if (line.type === "text" && last?.type === "text") lines[lines.length - 1] = JSON.stringify({ ...last, text: last.text + line.text });
    else if (line.type === "error" || line.type === "record") lines.push(asLine(line));
    else lines.push(text);
  }
  return lines;
}
