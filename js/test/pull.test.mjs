// Nothing is read that nobody asks for: pauses, what stands still in them, and how much is pulled ahead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, sleep, take, until } from "./support/scripted.mjs";

const { parse, stream } = tidewire;
const limit = { timeout: 30_000 };

/** An endless body, and how many chunks were pulled from it. */
function endless() {
  const body = { pulled: 0, cancelled: false };
  const chunk = new TextEncoder().encode("data: x\n\n".repeat(10));
  body.stream = new ReadableStream({
    pull(controller) {
      body.pulled++;
      controller.enqueue(chunk);
    },
    cancel() {
      body.cancelled = true;
    },
  });
  return body;
}

for (const [what, pauses] of [
  ["that takes one item and then none", () => {}],
  ["that is paused", (s) => s.pause()],
]) {
  test(`a consumer ${what} pulls at most four chunks of an endless stream`, limit, async () => {
    const body = endless();
    const s = parse(new Response(body.stream, { headers: SSE }));
    await s.next();
    pauses(s);
    const waiting = s.next();
    waiting.catch(() => {});
    await sleep(50);
    assert.ok(body.pulled <= 4, `${body.pulled} chunks`);
    s.close();
    await s.outcome;
    await until(() => body.cancelled);
  });
}

test("a pause holds back what was read, and resume() hands it out", limit, async () => {
  const s = parse(new Response("data: a\n\ndata: b\n\n", { headers: SSE }));
  assert.equal((await s.next()).value.data, "a");
  s.pause();
  let isThere = false;
  const next = s.next().then(({ value }) => {
    isThere = true;
    return value;
  });
  await sleep(20);
  assert.equal(isThere, false);
  s.resume();
  assert.equal((await next).data, "b");
  assert.equal((await s.next()).done, true);
});

test("limits of time stand still in a pause, and go on behind it", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\n"));
  const s = stream(server.base, { idleTimeout: 1000, retryAttempts: 0 });
  await s.next();
  const next = s.next();
  next.catch(() => {});
  await sleep(20);
  s.pause();
  await sleep(1500);
  assert.equal(s.state, "open");
  const resumed = performance.now();
  s.resume();
  await assert.rejects(next, { code: "timed_out", timeout: "idle" });
  // What had passed of the limit before the pause counts.
  assert.ok(performance.now() - resumed >= 100);
  await server.stop();
});

test("the limit of the whole stream passes in a pause too", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\n"));
  const s = stream(server.base, { timeout: 1000 });
  await s.next();
  s.pause();
  await assert.rejects(s.next(), { code: "timed_out", timeout: "total" });
  await until(() => server.requests[0].closed);
  await server.stop();
});

for (const [what, end, isEnd] of [
  ["close()", (s) => s.close(), ({ value }) => value.done],
  ["an abort", (_, abort) => abort.abort("enough"), ({ reason }) => reason === "enough"],
]) {
  test(`${what} ends a paused stream`, limit, async () => {
    const body = endless();
    const abort = new AbortController();
    const s = parse(new Response(body.stream, { headers: SSE }), { signal: abort.signal });
    await s.next();
    s.pause();
    const next = s.next();
    await sleep(5);
    end(s, abort);
    const [settled] = await Promise.allSettled([next]);
    assert.ok(isEnd(settled), JSON.stringify(settled));
    assert.equal((await s.outcome).outcome, "cancelled");
    await until(() => body.cancelled);
  });
}

test("a paused stream that has not begun sends nothing", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).end("data: a\n\n"));
  const s = stream(server.base);
  s.pause();
  const next = s.next();
  await sleep(30);
  assert.deepEqual([server.requests.length, s.state], [0, "idle"]);
  s.resume();
  assert.equal((await next).value.data, "a");
  await take(s);
  await server.stop();
});

test("calls of next() that overlap get the items in their order, and each its own", limit, async () => {
  const pieces = ["data: 1\n\n", "data: 2\n\ndata: 3\n\n", "data: 4\n\n"];
  const body = new ReadableStream({
    async pull(controller) {
      await sleep(5);
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
  const s = parse(new Response(body, { headers: SSE }));
  const results = await Promise.all(Array.from({ length: 6 }, () => s.next()));
  assert.deepEqual(results.map(({ done, value }) => (done ? "end" : value.data)), ["1", "2", "3", "4", "end", "end"]);
});

test("who asks later, from inside a hook, does not overtake who waits", limit, async () => {
  let second;
  const s = parse(new Response(": c\n\ndata: 1\n\ndata: 2\n\n", { headers: SSE }), { onComment: () => (second = s.next()) });
  const first = await s.next();
  assert.deepEqual([first.value.data, (await second).value.data], ["1", "2"]);
});

test("what comes in a pause is handed out behind it, also where it is larger than a piece", limit, async () => {
  let controller;
  const s = parse(new Response(new ReadableStream({ start: (given) => (controller = given) }), { headers: SSE }));
  const send = (text) => controller.enqueue(new TextEncoder().encode(text));
  send("data: a\n\n");
  await s.next();
  const next = s.next();
  await sleep(5);
  s.pause();
  send("data: b\n\n".repeat(10_000));
  controller.close();
  await sleep(20);
  assert.equal(s.stats.events, 1);
  s.resume();
  assert.equal((await next).value.data, "b");
  assert.equal((await take(s)).items.length, 9999);
  assert.equal((await s.outcome).events, 10_001);
});

test("of overlapping calls of next() the first one gets the error, the others the end", limit, async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) }, { highWaterMark: 0 });
  const s = parse(new Response(body, { headers: SSE }));
  const results = await Promise.allSettled([s.next(), s.next(), s.next()]);
  assert.deepEqual(results.map(({ reason, value }) => reason?.code ?? value.done), ["truncated", true, true]);
});

test("close() from inside a hook: nothing of what was read with it comes any more", limit, async () => {
  const s = parse(new Response("data: 1\n\n: stop\n\ndata: 2\n\n", { headers: SSE }), { onComment: () => s.close() });
  const { items, outcome, error } = await take(s);
  assert.deepEqual([items.length, outcome.outcome, error], [0, "cancelled", undefined]);
});

const bytes = (text) => new TextEncoder().encode(text);
const reply = (body, status = 200) => ({ status, headers: new Headers(SSE), body });
const never = new Promise(() => {});

for (const how of ["close", "return", "next", "pause", "resume", "reconnect"]) {
  for (const isAsked of [true, false]) {
    test(`a fetch that hears of its abort and calls ${how}(), ${isAsked ? "with" : "without"} somebody asking`, limit, async () => {
      const fetch = async (_, { signal }) => {
        signal.addEventListener("abort", () => void s[how]()?.catch(() => {}));
        return reply({
          async *[Symbol.asyncIterator]() {
            yield bytes("data: a\n\n");
            await never;
          },
        });
      };
      const s = stream("http://nowhere/", { fetch, timeout: 300 });
      await s.next();
      const asking = isAsked ? s.next().catch(({ code }) => code) : undefined;
      await sleep(400);
      if (how === "pause") s.resume();
      if (!isAsked) await s.next().catch(() => {});
      assert.ok(["timed_out", "cancelled"].includes((await s.outcome).outcome));
      await asking;
    });
  }
}

for (const how of ["break", "close", "marker"]) {
  test(`a body whose return() throws, at ${how}`, limit, async () => {
    let n = 0;
    const next = async () => (n++ > 3 ? never : { done: false, value: bytes(`data: ${n}\n\n`) });
    const give = () => {
      throw new Error("it does not give back");
    };
    const s = parse({ [Symbol.asyncIterator]: () => ({ next, return: give }) }, { format: "sse", endOn: how === "marker" ? "3" : undefined });
    if (how === "break") for await (const _ of s) break;
    else if (how === "marker") for await (const _ of s);
    else {
      await s.next();
      s.close();
    }
    assert.equal((await s.next()).done, true);
    assert.equal((await s.outcome).outcome, how === "marker" ? "complete" : "cancelled");
  });
}

for (const [what, body, options, want] of [
  ["an id without data", "id: 4\ndata: a\n\nid: 5\n\n", {}, "5"],
  ["the id of the end", "id: 4\ndata: a\n\nid: 5\ndata: [DONE]\n\n", {}, "5"],
  ["a cursor of its own", 'id: 4\ndata: {"seq":9}\n\n', { cursor: "seq" }, "9"],
]) {
  test(`behind the end lastEventId is where it would go on: ${what}`, limit, async () => {
    const s = parse(new Response(body, { headers: SSE }), options);
    for await (const _ of s);
    assert.equal(s.lastEventId, want);
  });
}

test("who asks behind one that is rejected has the end", limit, async () => {
  const abort = new AbortController();
  const body = {
    async *[Symbol.asyncIterator]() {
      yield bytes("x");
      await never;
    },
  };
  const s = stream("http://nowhere/", { signal: abort.signal, fetch: async () => reply(body, 404) });
  const asking = [s.next(), s.next()];
  await sleep(10);
  abort.abort(new Error("mine"));
  await assert.rejects(asking[0], /mine/);
  assert.equal((await asking[1]).done, true);
});

test("very many who ask at once cost the same each", limit, async () => {
  const time = async (count) => {
    const s = parse(new Response("data: x\n\n".repeat(count), { headers: SSE }));
    const began = performance.now();
    await Promise.all(Array.from({ length: count + 1 }, () => s.next()));
    return performance.now() - began;
  };
  await time(1000);
  const [few, many] = [await time(10_000), await time(160_000)];
  // Sixteen times as many; it was two hundred times as long when each moved all behind him.
  assert.ok(many < 80 * few, `${few} ms and ${many} ms`);
});
