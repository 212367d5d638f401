// The bare decoder's own surface: what it does with handlers that throw, that call it, and with calls that come too late.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";

const { TidewireError, createParser } = tidewire;
const bytes = (text) => new TextEncoder().encode(text);
const usage = (error) => error instanceof TidewireError && error.code === "usage";

test("events, comments and retries come in their order", () => {
  const seen = [];
  const parser = createParser({
    onEvent: ({ type, data, id }) => seen.push([type, data, id]),
    onComment: (comment) => seen.push(comment),
    onRetry: (ms) => seen.push(ms),
  });
  parser.push(bytes("id: 7\ndata: a\n\n: c\nretry: 10\nevent: x\ndata: \u4e16\u{1F600}\n\nid\ndata: z\n\n"));
  assert.deepEqual(seen, [["message", "a", "7"], "c", 10, ["x", "\u4e16\u{1F600}", "7"], ["message", "z", ""]]);
  parser.end();
});

test("what a handler throws comes out, and the rest is handed out first by the next call", () => {
  const seen = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      seen.push(data);
      if (data === "b") throw new Error("mine");
    },
  });
  assert.throws(() => parser.push(bytes("data: a\n\ndata: b\n\ndata: c\n\ndata: d")), /mine/);
  assert.deepEqual(seen, ["a", "b"]);
  parser.push(bytes("\n\n"));
  assert.deepEqual(seen, ["a", "b", "c", "d"]);
  parser.end();
});

test("push from inside onEvent, and after the end, is refused and breaks nothing", () => {
  let inner;
  const parser = createParser({
    onEvent: () => {
      for (const call of [() => parser.push(bytes("x")), () => parser.end(), () => parser.free()]) assert.throws(call, usage);
      inner = true;
    },
  });
  parser.push(bytes("data: a\n\n"));
  assert.ok(inner);
  parser.end();
  parser.end();
  parser.free();
  assert.throws(() => parser.push(bytes("data: a\n\n")), usage);
});

test("a format that does not exist", () => {
  assert.throws(() => createParser({ format: "xml", onEvent() {} }), usage);
});

test("an event beyond the limit is an error that stays, and what came before is handed out", () => {
  const seen = [];
  const parser = createParser({ maxEventBytes: 4, onEvent: ({ data }) => seen.push(data) });
  const tooLarge = { code: "too_large", limit: 4, offset: 19 };
  assert.throws(() => parser.push(bytes("data: 1\n\ndata: 12345\n\ndata: 2\n\n")), tooLarge);
  assert.throws(() => parser.push(bytes("data: 2\n\n")), tooLarge);
  assert.deepEqual(seen, ["1"]);
  parser.free();
});

test("what are no bytes is refused, and takes nothing away", () => {
  const seen = [];
  const parser = createParser({ onEvent: ({ data }) => seen.push(data) });
  for (const wrong of ["data: a\n\n", 42, undefined, null, [100], new Uint16Array(2), new ArrayBuffer(2)]) {
    assert.throws(() => parser.push(wrong), { name: "TidewireError", code: "usage" }, String(wrong));
  }
  parser.push(bytes("data: b\n\n"));
  assert.deepEqual(seen, ["b"]);
  parser.free();
});

test("a chunk of any size, and an event of many chunks", () => {
  const seen = [];
  const parser = createParser({ onEvent: ({ data }) => seen.push(data.length) });
  const large = bytes(`data: ${"\u4e16".repeat(1_000_000)}\n\n`);
  parser.push(large);
  for (let at = 0; at < large.length; at += 1024) parser.push(large.subarray(at, at + 1024));
  assert.deepEqual(seen, [1_000_000, 1_000_000]);
  parser.end();
});

test("ten thousand parsers take no more memory than one", async () => {
  const { core } = await import("../dist/core.js");
  const use = () => {
    const parser = createParser({ onEvent() {} });
    parser.push(bytes(`data: ${"a".repeat(50_000)}\n\ndata: half`));
    parser.free();
  };
  use();
  const before = core().exports.memory.buffer.byteLength;
  for (let count = 0; count < 10_000; count++) use();
  assert.equal(core().exports.memory.buffer.byteLength, before);
});
