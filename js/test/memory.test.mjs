// What stays behind: nothing, however long a stream runs and however many there were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { core } from "../dist/core.js";
import { EventSource } from "../dist/eventsource.js";
import { createClient, createParser, parse, stream } from "../dist/index.js";
import { SSE } from "./support/scripted.mjs";

const limit = { timeout: 120_000, skip: globalThis.gc ? false : "needs --expose-gc" };
const bytes = (text) => new TextEncoder().encode(text);
const memory = () => core().exports.memory.buffer.byteLength;
const heap = async () => {
  // Whatever is only waiting for its finalizer goes first.
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
};

/** A body of so many events, as fast as it is read, with what an hour brings: ids, comments, other characters, a long one. */
function hour(events) {
  let count = 0;
  return new ReadableStream({
    pull(controller) {
      let text = "";
      for (let end = Math.min(events, count + 100); count < end; count++) {
        text += `: beat\nid: ${count}\ndata: {"token":"\u4e16 ${count}"}\n\n`;
        if (count % 10_000 === 0) text += `data: ${"a".repeat(300_000)}\n\n`;
      }
      controller.enqueue(bytes(text));
      if (count === events) controller.close();
    },
  }, { highWaterMark: 0 });
}

test("an hour's worth of events (100 a second) leaves heap and core as they were", limit, async () => {
  const read = async (events) => {
    let taken = 0;
    for await (const _ of parse(new Response(hour(events), { headers: SSE }), { onComment() {} })) taken++;
    return taken;
  };
  // The first two hours find their size, the third stays in it.
  const left = [];
  for (let hours = 0; hours < 3; hours++) {
    assert.equal(await read(360_000), 360_000 + 36);
    left.push({ heap: await heap(), core: memory() });
  }
  const grown = left[2].heap - left[1].heap;
  assert.ok(grown < 1_000_000, `${grown} bytes of heap`);
  assert.equal(left[2].core, left[1].core);
  assert.ok(left[2].core < 8 * 1024 * 1024, `${left[2].core} bytes of core`);
});

const reply = () => new Response("data: a\n\ndata: b\n\ndata: c\n\n", { headers: SSE });
const options = { fetch: async () => reply() };
const USES = {
  parsers: () => {
    const parser = createParser({ onEvent() {} });
    parser.push(bytes(`data: ${"a".repeat(1000)}\n\ndata: half`));
    parser.free();
  },
  "parsers whose options cannot be": () => assert.throws(() => createParser({ format: "xml", onEvent() {} })),
  "streams to their end": async () => void (await stream("http://a.invalid/", options).drain()),
  "streams left by break": async () => {
    for await (const _ of stream("http://a.invalid/", options)) break;
  },
  "streams that a hook ends": async () => {
    const thrown = stream("http://a.invalid/", { ...options, onAttempt: () => { throw new Error("mine"); } });
    await assert.rejects(thrown.next());
  },
  "streams whose options cannot be": () => assert.throws(() => stream("http://a.invalid/", { endOn: "json:" })),
  "streams of a client": async () => void (await createClient({ maxConcurrent: 1, queueTimeout: 1e6 }).stream("http://a.invalid/", options).drain()),
  EventSources: async () => {
    const source = new EventSource("http://a.invalid/", options);
    await new Promise((resolve) => (source.onmessage = resolve));
    source.close();
  },
};
for (const [what, use] of Object.entries(USES)) {
  test(`ten thousand ${what} leave nothing behind`, limit, async () => {
    const some = async (count) => {
      for (let number = 0; number < count; number++) await use();
    };
    await some(500);
    const [before, core] = [await heap(), memory()];
    await some(10_000);
    const grown = (await heap()) - before;
    // Two hundred bytes of each would be twice that.
    assert.ok(grown < 1_000_000, `${grown} bytes of heap`);
    assert.equal(memory(), core);
  });
}

test("what nobody reads and nobody ends is freed when it is forgotten", limit, async () => {
  const forget = (count) => {
    for (let number = 0; number < count; number++) {
      createParser({ onEvent() {} }).push(bytes(`data: ${"a".repeat(50_000)}`));
      parse(reply());
    }
  };
  const rounds = [];
  for (let round = 0; round < 8; round++) {
    forget(200);
    await heap();
    rounds.push(memory());
  }
  assert.equal(rounds.at(-1), rounds[2], rounds.join(" "));
});
