// The bare decoder's own surface: what it does with handlers that throw, that call it, and with calls that come too late.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfEvents, tidewire } from "./support/core.mjs";

const { TidewireError, createParser } = tidewire;
const bytes = (text) => new TextEncoder().encode(text);
const ofAll = { skip: isOfEvents ? "not a format of this core" : false };
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

test("a format that this core does not have is refused and says where it is, whether it was chosen or found", { skip: !isOfEvents }, () => {
  for (const format of ["ndjson", "json-seq", "json-array", "concat"]) {
    assert.throws(() => createParser({ format, onEvent() {} }), { code: "usage", message: /tidewire\/full/ });
  }
  for (const body of ['{"a":1}\n', " \n[1]", "\u001e{}", '\uFEFF {"a":1}']) {
    const parser = createParser({ onEvent: assert.fail });
    const pieces = Array.from(bytes(body), (byte) => Uint8Array.of(byte));
    assert.throws(() => pieces.forEach((piece) => parser.push(piece)), { code: "usage", message: /tidewire\/full/ });
    assert.throws(() => parser.push(bytes("more")), { code: "usage" });
    assert.throws(() => parser.end(), { code: "usage" });
    parser.free();
  }
});

test("text comes in whole characters", () => {
  const texts = [];
  const parser = createParser({ format: "text", onEvent: ({ text }) => texts.push(text) });
  for (const piece of [[0xef, 0xbb], [0xbf, 0x61], [0xe4, 0xb8], [0x96, 0xff, 0xf0], [0x9f]]) parser.push(Uint8Array.from(piece));
  assert.ok(parser.insideRecord);
  parser.end();
  assert.deepEqual(texts, ["a", "\u4e16\ufffd", "\ufffd"]);
  assert.ok(parser.insideRecord);
});

test("ids and names are told whatever they stand beside", () => {
  const seen = [];
  const parser = createParser({ lastEventId: "\u4e16", onEvent: ({ type, data, id }) => seen.push([type, data, id]) });
  parser.push(bytes("data: a\n\ndata: b\nid: 1\nevent: \u754c\n\nevent: message\ndata: c\nid: 2\ndata: d\n\n"));
  parser.push(bytes("event: x\ndata: e\nid: 3\n"));
  parser.push(bytes("data: f\n\n"));
  parser.push(Uint8Array.from([...bytes("id: "), 0xff, ...bytes("\n\n")]));
  assert.deepEqual(seen, [["message", "a", "\u4e16"], ["\u754c", "b", "1"], ["message", "c\nd", "2"], ["x", "e\nf", "3"]]);
  assert.equal(parser.lastEventId, "\ufffd");
  parser.end();
});

test("the memory of large events goes with their parsers", { skip: globalThis.gc ? false : "needs --expose-gc" }, async () => {
  const { core } = await import("../dist/core.js");
  const size = () => core().exports.memory.buffer.byteLength;
  const parser = createParser({ onEvent() {} });
  for (let round = 0; round < 2; round++) parser.push(bytes(`data: ${"a".repeat(8 * 1024 * 1024)}\n\n`));
  assert.ok(size() > 8 * 1024 * 1024);
  parser.end();
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc();
  }
  assert.ok(size() < 1024 * 1024, `${size()} bytes`);
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

test("a record that is not JSON is thrown if there is no onError, and nothing after it is lost", ofAll, () => {
  const read = (options = {}) => {
    const values = [];
    return { values, parser: createParser({ format: "ndjson", onEvent: ({ value }) => values.push(value), ...options }) };
  };
  const { values, parser } = read();
  assert.throws(() => parser.push(bytes("1\n{bad\n2\n{worse\n3\n")), { code: "bad_record", offset: 3 });
  assert.deepEqual(values, [1]);
  assert.throws(() => parser.push(bytes("4\n")), { code: "bad_record" });
  assert.deepEqual(values, [1, 2]);
  parser.push(bytes("5\n{last"));
  assert.deepEqual(values, [1, 2, 3, 4, 5]);
  assert.throws(() => parser.end(), { code: "bad_record" });
  parser.end();
  parser.end();
  const errors = [];
  const heard = read({ onError: ({ code }) => errors.push(code) });
  heard.parser.push(bytes("1\n{bad\n2\n"));
  heard.parser.end();
  assert.deepEqual([heard.values, errors], [[1, 2], ["bad_record"]]);
});

test("what is skipped because it is too large was meant to be", ofAll, () => {
  const values = [];
  const parser = createParser({ format: "ndjson", maxEventBytes: 10, skipOversized: true, onEvent: ({ value }) => values.push(value) });
  parser.push(bytes(`1\n"${"a".repeat(100)}"\n2\n`));
  parser.end();
  assert.deepEqual(values, [1, 2]);
});

test("events of both sides of what a handler throws at the end", () => {
  const events = [];
  const parser = createParser({
    deliverUnterminated: true,
    onEvent: ({ data }) => {
      events.push(data);
      if (data === "a") throw new Error("mine");
    },
  });
  assert.throws(() => parser.push(bytes("data: a\n\ndata: b\n\ndata: c")), /mine/);
  parser.end();
  assert.deepEqual(events, ["a", "b", "c"]);
});

test("the rest of a large chunk in which a handler throws", () => {
  const events = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      events.push(data.length);
      if (events.length <= 2) throw new Error("mine");
    },
  });
  const event = `data: ${"a".repeat(50_000)}\n\n`;
  assert.throws(() => parser.push(bytes(event.repeat(10))), /mine/);
  assert.throws(() => parser.push(bytes(event.repeat(10))), /mine/);
  parser.end();
  assert.deepEqual(events, Array(20).fill(50_000));
});

test("a chunk in which a handler throws and decoding cannot continue", ofAll, () => {
  const values = [];
  const parser = createParser({
    format: "json-array",
    onEvent: ({ value }) => {
      values.push(value);
      if (value === 1) throw new Error("mine");
    },
  });
  assert.throws(() => parser.push(bytes(`[1, 2${" ".repeat(70_000)}, 3 oops`)), /mine/);
  assert.throws(() => parser.push(bytes("4]")), { code: "bad_record" });
  assert.deepEqual(values.slice(0, 2), [1, 2]);
});
