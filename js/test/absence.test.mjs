// A page that was away: its connections may be dead without a word when it is back. Within two seconds that is noticed, and a stream
// continues if that loses nothing. The page and its absence are played (support/window.mjs); real pages are in browser/page/absence.mjs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, sleep, take, until } from "./support/scripted.mjs";
import { serve } from "./support/serve.mjs";
import { inWindow } from "./support/window.mjs";

const { stream } = tidewire;
const limit = { timeout: 60_000 };
/** As long as a silence that may be a dead connection's. */
const LONG = 15_000;

const silent = (text) => (response) => void response.writeHead(200, SSE).write(text);
const alive = (text) => (response) => {
  response.writeHead(200, SSE).write(text);
  const timer = setInterval(() => response.write(": still here\n\n"), 200);
  response.on("close", () => clearInterval(timer));
};
/** [what, options, the reply, requests after a long absence]. */
const STREAMS = [
  ["a cursor", {}, silent("id: 7\ndata: a\n\n"), 2],
  ["followed, without a cursor", { follow: true }, silent("data: a\n\n"), 2],
  ["no cursor", {}, silent("data: a\n\n"), 1],
  ["no event yet", {}, silent(": here\n\n"), 2],
  ["no response yet", {}, () => {}, 2],
  ["a POST", { json: {} }, silent("id: 7\ndata: a\n\n"), 1],
  ["a POST without an event", { json: {} }, silent(": here\n\n"), 1],
  ["a POST that may be resumed", { json: {}, resume: "always" }, silent("id: 7\ndata: a\n\n"), 2],
  ["resume: never", { resume: "never" }, silent("id: 7\ndata: a\n\n"), 1],
  ["a limit of its own that is longer", { stallAfter: 1e12 }, silent("id: 7\ndata: a\n\n"), 1],
  ["a live connection", {}, alive("id: 7\ndata: a\n\n"), 1],
];
/** [what, how the page goes and comes back, whether it was away for long]. */
const ABSENCES = [
  ["hidden", (page) => (page.show(true), page.pass(LONG), page.show(false)), true],
  ["in the back/forward cache", (page) => (page.store(), page.pass(LONG), page.restore()), true],
  ["in the back/forward cache of an engine that says only that", (page) => (page.store(), page.pass(LONG), page.restoreSilently()), true],
  ["frozen", (page) => (page.freeze(), page.pass(LONG), page.thaw()), true],
  ["hidden, and its network is back", (page) => (page.show(true), page.pass(LONG), page.online()), true],
  ["hidden twice, half as long", (page) => [1, 2].map(() => (page.show(true), page.pass(LONG / 2), page.show(false))), false],
  ["away by the caller's word", (_, streams) => streams.map(({ s }) => s.check(LONG)), true],
  ["away for longer than any clock", (_, streams) => streams.map(({ s }) => s.check(Infinity)), true],
  ["away for no time", (_, streams) => streams.map(({ s }) => s.check()), false],
  ["hidden while its clock was set back", (page) => (page.show(true), page.pass(-1e9), page.show(false)), false],
];
for (const [what, goes, isLong] of ABSENCES) {
  test(`a page that was ${what}`, limit, () =>
    inWindow(async (page) => {
      const streams = [];
      for (const [name, options, reply, want] of STREAMS) {
        const server = await scripted((_, response) => reply(response));
        const s = stream(server.base, options);
        const reading = take(s);
        const isEndless = what.includes("any clock") && name.startsWith("a limit");
        streams.push({ name, want: isEndless ? 2 : isLong ? want : 1, server, s, reading });
      }
      try {
        await until(() => streams.every(({ s, server, name }) => server.requests.length === 1 && (name.startsWith("no ") || name.endsWith("event") || s.stats.events === 1)));
        await sleep(100);
        goes(page, streams);
        const asked = () => streams.map(({ name, server }) => `${name}: ${server.requests.length}`);
        // What came in the meantime is read first.
        await sleep(700);
        assert.deepEqual(asked(), streams.map(({ name }) => `${name}: 1`));
        await sleep(1100);
        assert.deepEqual(asked(), streams.map(({ name, want }) => `${name}: ${want}`));
        for (const { name, want, server } of streams) {
          const cursor = want === 2 && (name === "a cursor" || name.startsWith("a POST") || name.startsWith("a limit")) ? "7" : undefined;
          assert.equal(server.requests.at(-1).headers["last-event-id"], cursor, name);
        }
      } finally {
        for (const { s, reading, server } of streams) {
          s.close();
          await reading;
          await server.stop();
        }
      }
      assert.equal(page.listeners.count, 0, "listeners are left");
    }));
}

test("how long the page was away is a number", () => {
  const s = stream("http://a.invalid/");
  for (const away of [-1, NaN, "soon"]) assert.throws(() => s.check(away), { code: "usage", message: /away: .*a number that is 0 or more/ });
  s.close();
  s.check(LONG);
});

/** Keeps the thread busy, as a frozen page is. */
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test("an alarm that is late does not put the check off", limit, async () => {
  const server = await scripted((_, response, number) => {
    if (number === 1) silent("id: 7\ndata: a\n\n")(response);
    else response.writeHead(200, SSE).end("data: [DONE]\n\n");
  });
  const s = stream(server.base, { stallAfter: 300 });
  await s.next();
  const rest = take(s);
  await sleep(50);
  block(1500);
  const back = performance.now();
  s.check(LONG);
  assert.equal((await rest).outcome.outcome, "complete");
  const ms = performance.now() - back;
  assert.ok(ms > 900 && ms < 1800, `${ms} ms`);
  await server.stop();
});

/** [what, how many events the first response has, one each 50 ms, before its connection falls silent; attempts]. */
const FROZEN = [
  ["bytes that arrived while the page was frozen are read before its connection is given up", 60, 1],
  ["bytes that arrived before a connection died are read, and are no sign of life", 10, 2],
];
for (const [what, before, attempts] of FROZEN) {
  test(what, limit, async () => {
    // The server is another process, or it would be frozen too.
    const script = `
      require("http").createServer((request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        let id = Number(request.headers["last-event-id"] ?? 0);
        const last = id === 0 ? ${before} : 60;
        const timer = setInterval(() => {
          response.write("id: " + ++id + "\\ndata: a\\n\\n");
          if (id < last) return;
          clearInterval(timer);
          if (id === 60) response.end("data: [DONE]\\n\\n");
        }, 50);
      }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const port = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(Number(text))));
      let continuedAt = 0;
      const s = stream(`http://127.0.0.1:${port}`, { onAttempt: () => (continuedAt = performance.now()) });
      await s.next();
      const rest = take(s);
      await sleep(20);
      block(1200);
      const back = performance.now();
      s.check(600_000);
      const { items, outcome } = await rest;
      assert.deepEqual([outcome.outcome, outcome.attempts, items.map(({ id }) => Number(id))], ["complete", attempts, Array.from({ length: 59 }, (_, index) => index + 2)]);
      assert.ok(continuedAt < back + 1500, `continued ${continuedAt - back} ms after the return`);
    } finally {
      child.kill();
    }
  });
}

/** Stands between a stream and its server; `kill` makes the connections of that moment silent, although they stay open. */
async function proxy(port) {
  const links = [];
  const server = createServer((client) => {
    const link = { isUsed: false, isDead: false, client, upstream: connect(port, "127.0.0.1") };
    links.push(link);
    // Node's `fetch` opens connections in advance.
    client.once("data", () => (link.isUsed = true));
    for (const [from, to] of [[client, link.upstream], [link.upstream, client]]) {
      from.on("data", (bytes) => link.isDead || to.write(bytes));
      from.on("close", () => link.isDead || to.destroy());
      from.on("error", () => {});
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    get requests() {
      return links.filter(({ isUsed }) => isUsed).length;
    },
    kill: () => links.forEach((link) => (link.isDead = link.isUsed)),
    async stop() {
      for (const { client, upstream } of links) for (const socket of [client, upstream]) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Even numbers from a seed, so that a run can be repeated. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ROUNDS = 6;
const GETS = 9;
const POSTS = 3;
const command = process.env.TIDEWIRE;
test("whatever happens while the page is away, nothing is lost and nothing comes twice", { ...limit, skip: command ? false : "TIDEWIRE names no command" }, (t) =>
  inWindow(async (page) => {
    const seed = Number(process.env.TIDEWIRE_SEED ?? 1);
    const random = randomFrom(seed);
    const upstream = await serve(command);
    const streams = [];
    for (let number = 0; number < GETS + POSTS; number++) {
      const way = await proxy(Number(new URL(upstream.base).port));
      const isPost = number >= GETS;
      const s = stream(`${way.base}/sse?ids=true&events=1000000&interval_ms=${10 + random(40)}`, isPost ? { method: "POST", body: "{}" } : { retryDelay: 5 });
      const one = { s, way, isPost, ids: [], killed: 0, waits: undefined };
      one.reading = (async () => {
        for await (const { id } of s) {
          one.ids.push(Number(id));
          one.waits?.();
        }
      })();
      streams.push(one);
    }
    let [longest, killed, events, failed] = [0, 0, 0];
    try {
      await until(() => streams.every(({ ids }) => ids.length > 0));
      for (let round = 0; round < ROUNDS; round++) {
        const [what, goes] = ABSENCES[random(4)];
        const isLast = round === ROUNDS - 1;
        const dead = streams.filter(({ isPost }) => (isPost ? isLast : random(2) > 0));
        for (const one of dead) {
          one.way.kill();
          one.killed++;
        }
        // What was on its way arrives before the return.
        await sleep(30 + random(100));
        page.pass(600_000);
        goes(page);
        const back = performance.now();
        const noticed = dead.filter(({ isPost }) => !isPost).map(async (one) => {
          const stuck = setTimeout(() => (one.waits(), (failed ??= `seed ${seed}, round ${round}: nothing for 5 s after the ${what}, ${one.s.state}, ${one.way.requests} requests, ${JSON.stringify(one.s.stats)}`)), 5000);
          await new Promise((resolve) => (one.waits = resolve));
          clearTimeout(stuck);
          longest = Math.max(longest, performance.now() - back);
          killed++;
        });
        await Promise.all([sleep(1700), ...noticed]);
        assert.equal(failed, undefined);
        // A connection that lives is left alone, and so is a POST.
        for (const { way, isPost, killed, s } of streams) {
          const want = isPost ? 1 : 1 + killed;
          assert.deepEqual([way.requests, s.stats.attempts], [want, want], `seed ${seed}, round ${round}`);
        }
      }
    } finally {
      for (const { s, reading, way } of streams) {
        s.close();
        await reading;
        await way.stop();
      }
      await upstream.stop();
    }
    for (const { ids } of streams) {
      assert.deepEqual(ids, Array.from(ids, (_, index) => index + 1), `seed ${seed}: events in order, each once`);
      events += ids.length;
    }
    assert.ok(longest < 2000, `${longest} ms from a return to the next event`);
    t.diagnostic(`${ROUNDS} absences of ${GETS + POSTS} streams, ${killed} dead connections continued: ${events} events, 0 lost, 0 twice; at most ${Math.round(longest)} ms from a return to the next event`);
  }));
