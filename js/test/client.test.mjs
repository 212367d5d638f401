// `createClient`: what its streams have in common, and how many of them may be open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, sleep, take, until } from "./support/scripted.mjs";

const { createClient } = tidewire;
const limit = { timeout: 30_000 };
const reply = (_, response) => response.writeHead(200, SSE).end("data: a\n\n");

// [what, path of the base, path of the stream, what is asked for]
const PATHS = [
  ["a path", "", "/chat", "/chat"],
  ["a path behind a path", "/v1", "/chat", "/v1/chat"],
  ["slashes on both sides", "/v1/", "/chat?a=1", "/v1/chat?a=1"],
  ["slashes on neither", "/v1", "chat", "/v1/chat"],
  ["a query alone", "/v1", "?a=1", "/v1?a=1"],
  ["nothing", "/v1", "", "/v1"],
];
for (const [what, base, path, url] of PATHS) {
  test(`baseUrl and ${what}`, limit, async () => {
    const server = await scripted(reply);
    await take(createClient({ baseUrl: server.base + base }).stream(path));
    await take(createClient({ baseUrl: new URL(server.base + base) }).stream(path));
    assert.deepEqual(server.requests.map(({ url }) => url), [url, url]);
    await server.stop();
  });
}

test("a whole URL, a URL and a Request do without the base", limit, async () => {
  const server = await scripted(reply);
  const api = createClient({ baseUrl: "http://nowhere.invalid/v1", headers: { "x-a": "client" }, allowedOrigins: [server.base] });
  for (const input of [`${server.base}/a`, new URL(`${server.base}/a`), new Request(`${server.base}/a`, { headers: { "x-b": "request" } })]) {
    assert.equal((await take(api.stream(input))).outcome.outcome, "ended");
  }
  const [, , request] = server.requests;
  assert.deepEqual([request.url, request.headers["x-a"], request.headers["x-b"]], ["/a", "client", "request"]);
  await server.stop();
});

test("headers are put together, whatever they are made of, and the stream's own win", limit, async () => {
  const server = await scripted(reply);
  const api = createClient({
    baseUrl: server.base,
    headers: async ({ attempt }) => ({ authorization: `token ${attempt}`, "x-a": "client", "X-B": "client" }),
  });
  await take(api.stream("/", { headers: new Headers({ "x-b": "stream" }) }));
  await take(api.stream("/", { headers: () => [["x-a", "stream"]] }));
  await take(api.stream("/"));
  assert.deepEqual(
    server.requests.map(({ headers }) => [headers.authorization, headers["x-a"], headers["x-b"]]),
    [
      ["token 1", "client", "stream"],
      ["token 1", "stream", "client"],
      ["token 1", "client", "client"],
    ],
  );
  await server.stop();
});

test("options of the client hold where a stream has none of its own", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(503).end());
  const api = createClient({ baseUrl: server.base, retryAttempts: 1, retryDelay: 1 });
  assert.equal((await take(api.stream("/", { retryAttempts: undefined }))).outcome.attempts, 2);
  assert.equal((await take(api.stream("/", { retryAttempts: 0 }))).outcome.attempts, 1);
  await server.stop();
});

test("maxConcurrent: the next ones wait in order, and come when a place is free", limit, async () => {
  const replies = [];
  const server = await scripted((_, response) => {
    response.writeHead(200, SSE).write("data: a\n\n");
    replies.push(response);
  });
  const api = createClient({ baseUrl: server.base, maxConcurrent: 2 });
  const streams = Array.from({ length: 5 }, (_, index) => api.stream(`/${index}`));
  const taken = streams.map(take);
  await until(() => replies.length === 2);
  await sleep(50);
  assert.equal(server.requests.length, 2);
  assert.equal(streams[2].state, "idle");
  // One that gives up waiting makes no request, and takes nobody's place.
  streams[2].close();
  assert.deepEqual((await taken[2]).outcome, { outcome: "cancelled", events: 0, bytes: 0, attempts: 0 });
  replies[0].end();
  await until(() => replies.length === 3);
  streams[1].close();
  await until(() => replies.length === 4);
  for (const response of replies) response.end();
  assert.deepEqual((await Promise.all(taken)).map(({ outcome }) => outcome.outcome), ["ended", "cancelled", "cancelled", "ended", "ended"]);
  assert.deepEqual(server.requests.map(({ url }) => url), ["/0", "/1", "/3", "/4"]);
  await server.stop();
});

test("a place is kept until the stream is over, whatever becomes of its requests", limit, async () => {
  const server = await scripted((request, response, number) => {
    if (number === 1) return response.destroy();
    response.writeHead(200, SSE).end("data: a\n\n");
  });
  const api = createClient({ baseUrl: server.base, maxConcurrent: 1, retryDelay: 100 });
  await Promise.all([take(api.stream("/first")), take(api.stream("/second"))]);
  assert.deepEqual(server.requests.map(({ url }) => url), ["/first", "/first", "/second"]);
  await server.stop();
});

test("queueTimeout: timed_out, as the native client says it, without a request", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\n"));
  const api = createClient({ baseUrl: server.base, maxConcurrent: 1, queueTimeout: 50 });
  const first = api.stream("/");
  await first.next();
  const { error, outcome } = await take(api.stream("/"));
  assert.deepEqual([error.code, error.timeout], ["timed_out", "queue"]);
  assert.deepEqual([outcome.outcome, outcome.timeout, outcome.attempts], ["timed_out", "queue", 0]);
  assert.equal(server.requests.length, 1);
  // The queue is as it was.
  const third = api.stream("/");
  const next = third.next();
  first.close();
  assert.equal((await next).value.data, "a");
  third.close();
  await server.stop();
});

test("an abort while it waits for its place", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\n"));
  const api = createClient({ baseUrl: server.base, maxConcurrent: 1 });
  const first = api.stream("/");
  await first.next();
  const abort = new AbortController();
  const taken = take(api.stream("/", { signal: abort.signal }));
  await sleep(10);
  abort.abort("enough");
  const { error, outcome } = await taken;
  assert.deepEqual([error, outcome.outcome, outcome.attempts], ["enough", "cancelled", 0]);
  first.close();
  await server.stop();
});

/** What a `fetch` is given, as [origin, authorization, x-own, credentials]. */
function sending() {
  const seen = [];
  const fetch = async (input, { headers, credentials }) => {
    const { origin } = new URL(input.url ?? input);
    seen.push([origin, headers.get("authorization"), headers.get("x-own"), credentials]);
    return new Response("data: a\n\n", { headers: SSE });
  };
  return { seen, fetch };
}
const SECRET = { headers: { authorization: "secret" }, credentials: "include" };
const HOME = "http://api.invalid";
const AWAY = "http://other.invalid";

// [what, the client's options, what is requested in this order, which of them get what the client holds]
const ORIGINS = [
  ["a path", { baseUrl: `${HOME}/v1` }, ["/x", "x", ""], [true, true, true]],
  ["a whole URL", { baseUrl: `${HOME}/v1` }, [`${HOME}/x`, `${AWAY}/x`], [true, false]],
  ["a URL without its scheme", { baseUrl: `${HOME}/v1` }, ["//other.invalid/x", "//api.invalid/x"], [false, true]],
  ["a URL and a Request", { baseUrl: HOME }, [new URL(`${AWAY}/x`), new Request(`${AWAY}/x`), new Request(`${HOME}/x`)], [false, false, true]],
  ["a function", { baseUrl: HOME }, [() => `${AWAY}/x`, async () => "/x", () => new URL(HOME)], [false, true, true]],
  ["another scheme, port or subdomain", { baseUrl: HOME }, ["https://api.invalid/", `${HOME}:8080/`, "http://x.api.invalid/"], [false, false, false]],
  ["no base: the first request's origin", {}, [`${AWAY}/x`, `${HOME}/x`, `${AWAY}/y`], [true, false, true]],
  ["no base: that of a function", {}, [() => `${AWAY}/x`, `${HOME}/x`], [true, false]],
  ["origins that are allowed", { baseUrl: HOME, allowedOrigins: [`${AWAY}/any/path`] }, ["/x", `${AWAY}/x`, "http://third.invalid/"], [true, true, false]],
  ["origins that are allowed, without a base", { allowedOrigins: [new URL(AWAY)] }, [`${HOME}/x`, `${AWAY}/x`, "http://third.invalid/"], [true, true, false]],
  ["a base that needs a page", { baseUrl: "/v1" }, [`${HOME}/x`], [false]],
];
for (const [what, options, inputs, gets] of ORIGINS) {
  test(`a client's headers and credentials stay with its origin: ${what}`, limit, async () => {
    for (const headers of [SECRET.headers, () => SECRET.headers]) {
      const { seen, fetch } = sending();
      const base = options.baseUrl === "/v1" ? "/v1" : options.baseUrl;
      const api = createClient({ ...SECRET, ...options, baseUrl: base, headers, fetch });
      const globals = globalThis.location;
      if (inputs.some((input) => String(input).startsWith("//"))) globalThis.location = { href: "http://page.invalid/", origin: "http://page.invalid" };
      for (const input of inputs) await take(api.stream(input, { headers: { "x-own": "1" } }));
      if (globals === undefined) delete globalThis.location;
      assert.deepEqual(
        seen.map(([, authorization, own, credentials]) => [authorization === "secret", own, credentials]),
        gets.map((isHome) => [isHome, "1", isHome ? "include" : undefined]),
      );
    }
  });
}

test("what is sent first decides the origin, not what is made first", limit, async () => {
  const { seen, fetch } = sending();
  const api = createClient({ ...SECRET, fetch });
  const late = api.stream(`${AWAY}/x`);
  await take(api.stream(`${HOME}/x`));
  await take(late);
  assert.deepEqual(seen.map(([origin, authorization]) => [origin, authorization]), [[HOME, "secret"], [AWAY, null]]);
});

test("a stream that continues at another origin does without the client's headers", limit, async () => {
  const { seen, fetch } = sending();
  let count = 0;
  const api = createClient({
    ...SECRET,
    baseUrl: HOME,
    retryDelay: 1,
    resume: () => ({ url: `${AWAY}/x` }),
    fetch: async (...given) => {
      await fetch(...given);
      return new Response(count++ === 0 ? "id: 1\ndata: a\n\ndata: half" : "data: b\n\ndata: [DONE]\n\n", { headers: SSE });
    },
  });
  assert.equal((await take(api.stream("/x", { headers: { "x-own": "1" } }))).outcome.outcome, "complete");
  assert.deepEqual(seen, [[HOME, "secret", "1", "include"], [AWAY, null, "1", undefined]]);
});

test("a wait for a slot that no timer takes", limit, async () => {
  for (const queueTimeout of [2 ** 31, Infinity]) {
    const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\n"));
    const api = createClient({ baseUrl: server.base, maxConcurrent: 1, queueTimeout });
    const first = api.stream("/");
    await first.next();
    const second = api.stream("/");
    const next = second.next();
    await sleep(30);
    first.close();
    assert.equal((await next).value.data, "a");
    second.close();
    await server.stop();
  }
});
