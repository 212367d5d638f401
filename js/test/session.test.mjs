// What the driver adds to the session's rows: renewed credentials, repeated records, relays, and waits that servers ask for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { llm } from "./support/llm.mjs";
import { SSE, scripted, sleep, take, until } from "./support/scripted.mjs";

const { createClient, stream } = tidewire;
const limit = { timeout: 30_000 };
const URL_ = "http://a.invalid/";
const sse = (text, headers = {}) => new Response(text, { headers: { ...SSE, ...headers } });
const status = (status, headers = {}, body = "no") => new Response(body, { status, headers });

/** A `fetch` that answers in this order; the last answer is given again. What was asked is noted. */
function answers(...list) {
  const seen = [];
  const fetch = async (url, init) => {
    seen.push({ url: String(url.url ?? url), method: init.method, headers: new Headers(init.headers), body: init.body, credentials: init.credentials });
    const answer = list[Math.min(seen.length, list.length) - 1];
    return typeof answer === "function" ? answer() : answer;
  };
  return { seen, fetch };
}

/** A body that breaks off after this. */
const cut = (text, headers = {}) => () => {
  let isSent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new TypeError("reset"));
      else controller.enqueue(new TextEncoder().encode(text));
      isSent = true;
    },
  });
  return new Response(body, { headers: { ...SSE, ...headers } });
};

const expired = () => status(401, { "www-authenticate": "Bearer" }, '{"message":"token expired"}');
const fine = () => sse("data: a\n\ndata: [DONE]\n\n");

for (const [what, options] of [
  ["GET", {}],
  ["POST", { json: {} }],
  ["without retries", { json: {}, retryAttempts: 0 }],
]) {
  test(`refresh: a 401 is asked again with what was renewed: ${what}`, limit, async () => {
    const { seen, fetch } = answers(expired, fine);
    const attempts = [];
    let token = "old";
    const refresh = async (attempt) => {
      attempts.push(attempt);
      await sleep(5);
      token = "new";
    };
    const { outcome, items } = await take(stream(URL_, { ...options, fetch, refresh, headers: () => ({ authorization: token }) }));
    assert.deepEqual([outcome.outcome, items.length, outcome.attempts], ["complete", 1, 2]);
    assert.deepEqual(seen.map(({ headers }) => headers.get("authorization")), ["old", "new"]);
    assert.deepEqual(attempts.map(({ attempt, reason, delayMs }) => [attempt, reason, delayMs]), [[2, "status", 0]]);
  });
}

test("refresh: at most once in a row, then the 401 stands with its reason", limit, async () => {
  const { seen, fetch } = answers(expired);
  let renewals = 0;
  const { error } = await take(stream(URL_, { fetch, refresh: () => renewals++, retryDelay: 1 }));
  assert.deepEqual([error.code, error.status, error.message], ["refused", 401, "refused with status 401: token expired"]);
  assert.deepEqual([renewals, seen.length], [1, 2]);
});

test("refresh: a response that is accepted resets that", limit, async () => {
  const { seen, fetch } = answers(expired, cut("id: 1\ndata: a\n\n"), expired, cut("id: 2\ndata: b\n\n"), expired, expired);
  let renewals = 0;
  const { error, items } = await take(stream(URL_, { fetch, refresh: () => renewals++, retryDelay: 1 }));
  assert.deepEqual([error.status, items.length, renewals, seen.length], [401, 2, 3, 6]);
});

test("refresh: one that fails leaves the 401, and says why", limit, async () => {
  for (const refresh of [
    () => { throw new Error("no login"); },
    async () => Promise.reject(new TypeError("no login")),
  ]) {
    const { seen, fetch } = answers(expired, fine);
    const { error, outcome } = await take(stream(URL_, { fetch, refresh, retryDelay: 1 }));
    assert.deepEqual([error.code, error.message, error.cause.message], ["refused", "refused with status 401: no login", "no login"]);
    assert.deepEqual([outcome.status, outcome.error, outcome.attempts, seen.length], [401, "no login", 1, 1]);
  }
});

test("refresh: never with a body that can be read only once, and for nothing but a 401", limit, async () => {
  let renewals = 0;
  const refresh = () => renewals++;
  const body = new ReadableStream({ start: (controller) => controller.close() });
  assert.equal((await take(stream(URL_, { method: "POST", body, fetch: answers(expired).fetch, refresh }))).error.status, 401);
  for (const code of [400, 403, 407]) {
    assert.equal((await take(stream(URL_, { fetch: answers(() => status(code)).fetch, refresh }))).error.status, code);
  }
  assert.equal(renewals, 0);
  assert.throws(() => stream(URL_, { refresh: "token" }), { code: "usage", message: /refresh: "token".*a function/ });
  assert.throws(() => stream(URL_, { refresh: true }), { code: "usage" });
});

test("refresh: close() while it runs", limit, async () => {
  const { seen, fetch } = answers(expired, fine);
  let renew;
  const s = stream(URL_, { fetch, refresh: () => new Promise((resolve) => (renew = resolve)) });
  const next = s.next();
  await until(() => renew);
  s.close();
  renew();
  assert.equal((await next).done, true);
  await sleep(10);
  assert.deepEqual([seen.length, (await s.outcome).outcome], [1, "cancelled"]);
});

const ids = (...list) => list.map((id) => `id: ${id}\ndata: ${id}\n\n`).join("");
for (const [what, options, items] of [
  ["are delivered, and said once", {}, ["1", "2", "2", "1", "3"]],
  ["are dropped with dedupe, and said once", { dedupe: true }, ["1", "2", "3"]],
]) {
  test(`records that come again ${what}`, limit, async () => {
    const { fetch } = answers(cut(ids(1, 2)), () => sse(`${ids(2, 1, 3)}data: [DONE]\n\n`));
    const order = [];
    const s = stream(URL_, { fetch, retryDelay: 1, ...options, onReplayed: (id) => order.push(`replayed ${id}`) });
    for await (const { data } of s) order.push(data);
    assert.deepEqual(order.filter((one) => !one.startsWith("replayed")), items);
    assert.deepEqual(order.filter((one) => one.startsWith("replayed")), ["replayed 2"]);
    assert.ok(order.indexOf("replayed 2") <= order.lastIndexOf("2") + 1);
    assert.deepEqual([(await s.outcome).outcome, s.stats.events], ["complete", items.length]);
  });
}

test("records that come again are no progress: a server that repeats itself is given up", limit, async () => {
  const { seen, fetch } = answers(cut(ids(1)));
  const { error, items } = await take(stream(URL_, { fetch, retryDelay: 1, dedupe: true }));
  assert.deepEqual([error.code, items.length, seen.length], ["truncated", 1, 4]);
});

test("a hook of what is replayed that throws ends the stream", limit, async () => {
  const { fetch } = answers(cut(ids(1)), () => sse(ids(1)));
  const { error } = await take(stream(URL_, { fetch, retryDelay: 1, onReplayed: () => { throw new Error("mine"); } }));
  assert.equal(error.message, "mine");
});

const RELAY = { "tidewire-stream": "s1", location: "/streams/s1" };
// [what, options, headers of the relay, whether it is continued there]
const RELAYED = [
  ["a POST", { json: { a: 1 } }, RELAY, true],
  ["a POST with a body that is read once", { method: "POST", body: () => new ReadableStream({ start: (controller) => controller.close() }) }, RELAY, true],
  ["a GET", {}, RELAY, true],
  ["a whole URL of the same origin", { json: {} }, { ...RELAY, location: "http://a.invalid/streams/s1" }, true],
  ["resume: always", { json: {}, resume: "always" }, RELAY, true],
  ["a resume function, which the relay goes before", { json: {}, resume: () => ({ url: `${URL_}other` }) }, RELAY, true],
  ["resume: never", { json: {}, resume: "never" }, RELAY, false],
  ["another origin", { json: {} }, { ...RELAY, location: "http://b.invalid/streams/s1" }, false],
  ["another scheme", { json: {} }, { ...RELAY, location: "https://a.invalid/streams/s1" }, false],
  ["no Location", { json: {} }, { "tidewire-stream": "s1" }, false],
  ["a Location that is none", { json: {} }, { ...RELAY, location: "http://" }, false],
  ["a Location alone", { json: {} }, { location: "/streams/s1" }, false],
];
for (const [what, options, headers, continues] of RELAYED) {
  test(`a response that a relay keeps: ${what}`, limit, async () => {
    const { seen, fetch } = answers(cut(ids(1, 2), headers), () => sse(`${ids(3)}data: [DONE]\n\n`));
    const api = createClient({ headers: { authorization: "client" }, credentials: "include" });
    const own = ({ method }) => ({ "x-method": method, "content-type": "application/json" });
    const { outcome, items, error } = await take(api.stream(`${URL_}chat`, { fetch, retryDelay: 1, headers: own, idempotencyKey: continues ? "k" : undefined, ...options }));
    if (!continues) {
      assert.deepEqual([error.code, seen.length], ["truncated", 1]);
      return;
    }
    assert.deepEqual([outcome.outcome, items.map(({ data }) => data).join("")], ["complete", "123"]);
    const [, { url, method, headers: sent, body, credentials }] = seen;
    assert.deepEqual([url, method, body, credentials], [`${URL_}streams/s1`, "GET", undefined, "include"]);
    const names = ["last-event-id", "authorization", "x-method", "content-type", "idempotency-key"];
    assert.deepEqual(names.map((name) => sent.get(name)), ["2", "client", "GET", null, null]);
  });
}

test("a relay's response that breaks off before its first record, and again later", limit, async () => {
  const { seen, fetch } = answers(cut(": c\n\n", RELAY), cut(ids(1)), () => sse(`${ids(2)}data: [DONE]\n\n`));
  const { outcome, items } = await take(stream(`${URL_}chat`, { json: {}, fetch, retryDelay: 1 }));
  assert.deepEqual([outcome.outcome, items.length], ["complete", 2]);
  assert.deepEqual(seen.map(({ url, method, headers }) => [url, method, headers.get("last-event-id")]), [
    [`${URL_}chat`, "POST", null],
    [`${URL_}streams/s1`, "GET", null],
    [`${URL_}streams/s1`, "GET", "1"],
  ]);
});

test("a reply of an LLM continues at its relay", limit, async () => {
  const chat = (text, id, finish = null) => `id: ${id}\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })}\n\n`;
  const { seen, fetch } = answers(cut(chat("Hel", 1), RELAY), () => sse(`${chat("lo", 2, "stop")}data: [DONE]\n\n`));
  const { text } = await llm.deltas(`${URL_}chat`, { dialect: "openai-chat", json: {}, fetch, retryDelay: 1 }).message;
  assert.deepEqual([text, seen.map(({ method }) => method)], ["Hello", ["POST", "GET"]]);
});

// [what, headers of the 503, what the wait is at least and at most]
for (const [what, headers, least, most] of [
  ["a fraction of a second", { "retry-after": "0.2" }, 200, 250],
  ["milliseconds", { "retry-after-ms": "150" }, 150, 200],
  ["milliseconds, which go before seconds", { "retry-after": "9", "retry-after-ms": "120.5" }, 120.5, 170],
  ["milliseconds that are none", { "retry-after": "0.1", "retry-after-ms": "soon" }, 100, 150],
]) {
  test(`a server asks to wait: ${what}`, limit, async () => {
    const { fetch } = answers(() => status(503, headers), fine);
    const waits = [];
    const { outcome } = await take(stream(URL_, { json: {}, fetch, retryDelay: 50, onAttempt: ({ delayMs }) => waits.push(delayMs) }));
    assert.equal(outcome.outcome, "complete");
    assert.ok(waits[1] >= least && waits[1] <= most, waits.join(" "));
  });
}

for (const headers of [{ "retry-after": "99999999999999999999" }, { "retry-after-ms": "4294967296" }, { "retry-after-ms": "99999999999999999999999" }]) {
  test(`a wait that no timer takes is refused at once: ${JSON.stringify(headers)}`, limit, async () => {
    const { seen, fetch } = answers(() => status(503, headers), fine);
    const { error, outcome } = await take(stream(URL_, { fetch }));
    assert.deepEqual([error.code, seen.length, outcome.retryAfterMs > 60_000], ["refused", 1, true]);
  });
}

for (const retry of ["61000", "4000000000", "18446744073709551615"]) {
  test(`retry: ${retry} counts as a minute, and the attempt says so`, limit, async () => {
    const { seen, fetch } = answers(cut(`retry: ${retry}\n${ids(1)}`), fine);
    const attempts = [];
    const s = stream(URL_, { fetch, onAttempt: (attempt) => attempts.push(attempt) });
    await s.next();
    const next = s.next();
    await until(() => attempts.length === 2);
    await sleep(50);
    assert.deepEqual([attempts[1].delayMs, attempts[1].askedMs, seen.length, s.state], [60_000, Number(retry), 1, "waiting"]);
    s.close();
    await next;
  });
}

test("no limit of the caller's overflows a timer", limit, async () => {
  for (const value of [2 ** 31, 2 ** 32 + 1, 1e300, Infinity]) {
    const server = await scripted((_, response) => setTimeout(() => response.writeHead(200, SSE).end("data: a\n\ndata: [DONE]\n\n"), 30));
    const limits = { timeout: value, idleTimeout: value, firstEventTimeout: value, progressTimeout: value, stallAfter: value };
    const stalls = [];
    const { outcome } = await take(stream(server.base, { ...limits, onStall: (ms) => stalls.push(ms) }));
    assert.deepEqual([outcome.outcome, outcome.attempts, stalls], ["complete", 1, []]);
    await server.stop();
  }
});

test("attempts are the requests that were sent", limit, async () => {
  const abort = new AbortController();
  const waits = stream(URL_, { headers: () => new Promise(() => {}), fetch: fine, signal: abort.signal });
  const next = waits.next().catch(() => {});
  await sleep(5);
  abort.abort();
  await next;
  assert.equal((await waits.outcome).attempts, 0);
  const { fetch } = answers(() => status(503), fine);
  assert.equal((await take(stream(URL_, { fetch, retryDelay: 1 }))).outcome.attempts, 2);
});

test("state: what a stream is doing, the same as natively", limit, async () => {
  const server = await scripted((request, response, number) => {
    if (number === 1) return response.writeHead(503, { "retry-after": "0.05" }).end();
    if (number === 2) return void setTimeout(() => response.writeHead(200, SSE).write("data: a\n\n"), 30);
    response.writeHead(403).write("no");
  });
  const states = [];
  const s = stream(server.base, { retryDelay: 50, onAttempt: () => states.push(s.state) });
  assert.equal(s.state, "idle");
  const next = s.next();
  assert.equal(s.state, "connecting");
  await until(() => server.requests.length === 2);
  assert.equal(s.state, "connecting");
  await next;
  assert.deepEqual([states, s.state], [["connecting", "waiting"], "open"]);
  s.close();
  assert.equal(s.state, "closed");
  // What a server says of its refusal is read first.
  const refused = stream(server.base);
  const end = refused.next().catch(({ code }) => code);
  await until(() => refused.state === "open");
  server.requests.length = 0;
  await server.stop();
  assert.equal(await end, "refused");
  assert.equal(refused.state, "closed");
});
