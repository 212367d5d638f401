// Timers that come late, and what the page says: back online, shown again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, sleep, take, until } from "./support/scripted.mjs";
import { inWindow } from "./support/window.mjs";

const { stream } = tidewire;
const limit = { timeout: 30_000 };

/** Keeps the thread busy from a moment on, as a frozen page is; behind it Node looks at timers before it looks at sockets. */
const freeze = (ms) => setTimeout(() => setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)), 10);

test("bytes that came while the page was frozen count before a late timer cuts", limit, async () => {
  // The server is another process, or it would be frozen too.
  const { spawn } = await import("node:child_process");
  const script = `
    const server = require("http").createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let count = 0;
      const timer = setInterval(() => {
        response.write("data: " + count + "\\n\\n");
        if (++count === 25) { clearInterval(timer); response.end(); }
      }, 50);
    }).listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(Number(text))));
    const s = stream(`http://127.0.0.1:${port}`, { idleTimeout: 300, retryAttempts: 0 });
    await s.next();
    // A read is under way when the page freezes, and its limit passes meanwhile.
    freeze(700);
    const { items, outcome } = await take(s);
    assert.deepEqual([outcome.outcome, items.length], ["ended", 24]);
  } finally {
    child.kill();
  }
});

test("a late timer cuts where nothing came", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\n"));
  const s = stream(server.base, { idleTimeout: 1000, retryAttempts: 0 });
  await s.next();
  const next = s.next();
  freeze(1700);
  await assert.rejects(next, { code: "timed_out", timeout: "idle" });
  await server.stop();
});

for (const [what, happens] of [
  ["the network is back", (page) => page.online()],
  ["the page is shown", (page) => (page.show(true), page.show(false))],
]) {
  test(`a stream in waiting connects at once when ${what}`, limit, () =>
    inWindow(async (page) => {
      const server = await scripted((_, response, number) => {
        if (number === 1) return response.destroy();
        response.writeHead(200, SSE).end("data: a\n\ndata: [DONE]\n\n");
      });
      const attempts = [];
      const s = stream(server.base, { retryDelay: 1e9, onAttempt: (attempt) => attempts.push(attempt) });
      const taken = take(s);
      await until(() => s.state === "waiting");
      assert.equal(page.listeners.count, 3);
      happens(page);
      assert.equal((await taken).outcome.outcome, "complete");
      assert.equal(server.requests.length, 2);
      assert.equal(page.listeners.count, 0, "listeners are left");
      await server.stop();
    }));
}

test("a page that is hidden changes nothing", limit, () =>
  inWindow(async (page) => {
    const server = await scripted((_, response) => {
      response.writeHead(200, SSE).write("data: a\n\n");
      setTimeout(() => response.end("data: [DONE]\n\n"), 100);
    });
    const s = stream(server.base, { method: "POST", json: {} });
    await s.next();
    page.show(true);
    assert.equal((await s.drain()).outcome, "complete");
    assert.equal(server.requests.length, 1);
    await server.stop();
  }));

// [what, options, whether it has ids, how long it is silent, requests]
const CHECKED = [
  ["silent beyond its stall, with a cursor: taken up", {}, true, 100, 2],
  ["silent beyond its stall, followed: taken up", { follow: true }, false, 100, 2],
  ["silent beyond its stall, without a cursor: left alone, the reply would be lost", {}, false, 100, 1],
  ["silent beyond its stall, a POST: left alone", { json: {} }, true, 100, 1],
  ["silent, but not for as long: left alone", {}, true, 1e9, 1],
];
for (const [what, options, ids, stallAfter, requests] of CHECKED) {
  test(`online: ${what}`, limit, () =>
    inWindow(async (page) => {
      const server = await scripted((_, response) => {
        response.writeHead(200, SSE).write(`${ids ? "id: 7\n" : ""}data: a\n\n`);
      });
      const s = stream(server.base, { ...options, stallAfter });
      await s.next();
      const next = s.next();
      next.catch(() => {});
      await sleep(200);
      page.online();
      // The stream is looked at for a second first.
      await sleep(500);
      assert.equal(server.requests.length, 1);
      await sleep(900);
      assert.equal(server.requests.length, requests);
      if (requests === 2 && ids) assert.equal(server.requests[1].headers["last-event-id"], "7");
      s.close();
      await s.outcome;
      assert.equal(page.listeners.count, 0, "listeners are left");
      await server.stop();
    }));
}

test("each silence is told, also behind one for which only a later limit was left", limit, async () => {
  const server = await scripted(async (_, response) => {
    response.writeHead(200, SSE);
    for (const data of [1, 2, 3]) {
      response.write(`data: ${data}\n\n`);
      await sleep(150);
    }
    response.end();
  });
  let stalls = 0;
  const before = [];
  const onStall = () => stalls++;
  for await (const _ of stream(server.base, { stallAfter: 50, idleTimeout: 20_000, onStall })) before.push(stalls);
  await server.stop();
  assert.deepEqual([before, stalls], [[0, 1, 2], 3]);
});

test("a look at a silent stream delays no limit of time", limit, async () => {
  const server = await scripted((_, reply) => reply.writeHead(200, SSE).write("data: a\n\n"));
  try {
    const s = stream(server.base, { idleTimeout: 100, retryAttempts: 0 });
    await s.next();
    const began = performance.now();
    const asking = s.next();
    s.check();
    await assert.rejects(asking, { code: "timed_out" });
    // The look would be a second later.
    assert.ok(performance.now() - began < 900);
  } finally {
    await server.stop();
  }
});
