// Random bodies, cut at random, against a reading of the whole text by the words of the standard (WHATWG HTML, 9.2.6). Handlers ask the
// parser for what it knows, and have another one make the core's memory grow, while a table is being read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";

// A slice; `cargo xtask test --long` reads 100,000.
const BODIES = Number(process.env.TIDEWIRE_RANDOM_BODIES ?? 1500);
const bytes = (text) => new TextEncoder().encode(text);
const FIELDS = ["data: ", "data: ", "data:", "event: ", "id: ", ": ", "retry: ", "ignored: "];
const VALUES = ["x", "世界", "界😀ä".repeat(12), "😀", "ä", "\uFEFF", "\0", "a".repeat(300), "b".repeat(5000), "", "5"];
const ENDS = ["\n", "\n\n", "\r\n\r\n", "\r", "\r\r"];
const BROKEN = [[0xff], [0xe4, 0xb8], [0xf0, 0x9f], [0x80]].map((list) => Uint8Array.from(list));

/** Even draws, the same for a seed. */
function draws(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
}

function bodyOf(draw) {
  const one = (list) => list[draw(list.length)];
  const parts = Array.from({ length: 5 + draw(40) }, () => (draw(25) === 0 ? one(BROKEN) : bytes(one(FIELDS) + one(VALUES) + one(ENDS))));
  const body = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** By the standard, of the whole text. */
function eventsOf(body) {
  const lines = new TextDecoder().decode(body).split(/\r\n|\n|\r/);
  // What no line end closes is discarded.
  lines.pop();
  const events = [];
  let [data, type, id] = [[], "", ""];
  for (const line of lines) {
    const [, field, value] = /^([^:]*):? ?([^]*)$/.exec(line);
    if (line === "") {
      if (data.length > 0) events.push({ type: type || "message", data: data.join("\n"), id });
      [data, type] = [[], ""];
    } else if (field === "data") data.push(value);
    else if (field === "event") type = value;
    else if (field === "id" && !value.includes("\0")) id = value;
  }
  return events;
}

/** By a parser, in pieces of up to `most` bytes. */
function read(body, most, draw, asked) {
  const events = [];
  const other = tidewire.createParser({ onEvent() {} });
  const parser = tidewire.createParser({
    onEvent(event) {
      events.push(event);
      if (asked && draw(2)) assert.equal(typeof (parser.lastEventId + parser.insideRecord), "string");
      if (asked && draw(8) === 0) other.push(bytes(`data: ${"y".repeat(draw(70_000))}\n\n`));
    },
  });
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + 1 + draw(most));
    parser.push(piece);
    at += piece.length;
  }
  parser.end();
  other.free();
  return events;
}

test("random bodies in random pieces, as the standard reads the whole", { timeout: 120_000 + 10 * BODIES }, () => {
  for (let seed = 1; seed <= BODIES; seed++) {
    const draw = draws(seed);
    const body = bodyOf(draw);
    const want = eventsOf(body);
    for (const [most, asked] of [[body.length, false], [12, false], [700, true], [body.length, true]]) {
      assert.deepEqual(read(body, most, draw, asked), want, `seed ${seed}, pieces of up to ${most}`);
    }
  }
});
