// `stream` and `parse` in Node against `tidewire serve`; requests are counted where they arrive.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { take as all } from "./support/scripted.mjs";
import { serve } from "./support/serve.mjs";

const { TidewireError, parse, stream } = tidewire;
const skip = process.env.TIDEWIRE ? false : "TIDEWIRE names no command";
let server;
before(async () => {
  if (!skip) server = await serve(process.env.TIDEWIRE);
});
after(() => server?.stop());

/** What is read, of a stream that is closed then. */
async function take(s) {
  const taken = await all(s);
  assert.equal(s.state, "closed");
  return taken;
}
const at = (path) => server.base + path;
const check = (name, run) => test(name, { skip, timeout: 60_000 }, run);

// [what, path, options, outcome, requests]
const OUTCOMES = [
  ["a marker", "/chat?interval_ms=0&events=5", {}, { outcome: "complete", events: 7 }, 1],
  ["a clean end", "/notify?interval_ms=0", {}, { outcome: "ended", events: 10 }, 1],
  ["JSON lines to their own marker", "/ndjson?interval_ms=0&events=4", { endOn: "json:done=true" }, { outcome: "complete", events: 5 }, 1],
  ["a JSON array", "/jsonarray?interval_ms=0&events=4", {}, { outcome: "ended" }, 1],
  ["no stream, one object", "/plain?interval_ms=0", {}, { outcome: "ended", events: 1 }, 1],
  ["an expected marker that does not come", "/notify?interval_ms=0", { endOn: "event:close", retryAttempts: 0 }, { outcome: "truncated", cursor: "10" }, 1],
  ["a body that breaks off", "/truncate?interval_ms=0", {}, { outcome: "truncated", events: 11 }, 1],
  ["an error inside the stream", "/midstream-error?interval_ms=0", {}, { outcome: "failed" }, 1],
  ["204", "/gone", {}, { outcome: "ended", events: 0 }, 1],
  ["204 where a marker was expected", "/gone", { endOn: "[DONE]" }, { outcome: "truncated" }, 1],
  ["401", "/auth", {}, { outcome: "refused", status: 401 }, 1],
  ["a login page", "/html", {}, { outcome: "refused", status: 200 }, 1],
  ["503 to a GET", "/status?status=503", { retryDelay: 1 }, { outcome: "refused", status: 503, attempts: 4 }, 4],
  ["503 to a POST", "/status?status=503", { method: "POST" }, { outcome: "refused", status: 503 }, 1],
  ["503 with Retry-After to a POST", "/status?status=503&retry_after=0", { method: "POST", retryDelay: 1 }, { outcome: "refused", attempts: 4 }, 4],
  ["Retry-After beyond a minute", "/status?status=503&retry_after=61", {}, { outcome: "refused", retryAfterMs: 61_000 }, 1],
  ["no head, GET", "/hangup", { retryDelay: 1 }, { outcome: "unreachable", attempts: 4 }, 4],
  ["no head, POST", "/hangup", { method: "POST", body: "x" }, { outcome: "unreachable", attempts: 1 }, 1],
  ["no head, a POST that may be sent again", "/hangup", { json: {}, idempotencyKey: "k", retryDelay: 1 }, { outcome: "unreachable" }, 4],
  ["silence", "/stall?interval_ms=0", { idleTimeout: 100, retryAttempts: 0 }, { outcome: "timed_out", timeout: "idle" }, 1],
  ["no first event", "/slow-headers", { firstEventTimeout: 50, retryAttempts: 0 }, { outcome: "timed_out", timeout: "first_event" }, 1],
  ["no progress", "/stall?interval_ms=0", { progressTimeout: 100, method: "POST" }, { outcome: "timed_out", timeout: "progress" }, 1],
  ["the whole stream's time", "/endless", { timeout: 100 }, { outcome: "timed_out", timeout: "total" }, 1],
  ["an event beyond the limit", "/bigfinal?interval_ms=0&bytes=5000", { maxEventBytes: 1000 }, { outcome: "unreadable", limit: 1000 }, 1],
];

for (const [what, path, options, want, requests] of OUTCOMES) {
  check(`outcome: ${what}`, async () => {
    const seen = (await server.requests(path)).length;
    const { error, outcome } = await take(stream(at(path), options));
    const { error: _, headers: __, body, ...plain } = outcome;
    for (const [key, value] of Object.entries(want)) assert.equal(plain[key], value, key);
    const good = ["complete", "ended"].includes(outcome.outcome);
    assert.equal(error?.code, good ? undefined : outcome.outcome);
    if (!good) assert.ok(error instanceof TidewireError);
    if (outcome.outcome === "refused" && path !== "/gone") assert.ok(body.length > 0);
    assert.equal((await server.requests(path)).length - seen, requests, "requests at the server");
    assert.equal(outcome.attempts, requests);
  });
}

check("cuts are resumed behind the last event, each event once", async () => {
  const attempts = [];
  const s = stream(at("/flaky?interval_ms=0"), { retryDelay: 1, onAttempt: (attempt) => attempts.push(attempt) });
  const { items, outcome } = await take(s);
  assert.equal(outcome.outcome, "complete");
  assert.deepEqual(items.map(({ id }) => Number(id)), items.map((_, index) => index + 1));
  const requests = await server.requests("/flaky");
  assert.ok(requests.length > 3 && requests.length === attempts.length);
  assert.deepEqual(requests.map(({ headers }) => headers["last-event-id"]), attempts.map(({ cursor }) => cursor));
  assert.deepEqual(attempts.map(({ reason }) => reason), [undefined, ...attempts.slice(1).map(() => "body")]);
});

check("a stored cursor is taken up by another stream", async () => {
  const first = stream(at("/notify?interval_ms=0&key=stored"));
  for await (const { id } of first) if (id === "4") break;
  assert.equal(first.lastEventId, "4");
  const { items } = await take(stream(at("/notify?interval_ms=0&key=stored"), { lastEventId: first.lastEventId }));
  assert.equal(items[0].id, "5");
});

check("a resume function makes the request that goes on", async () => {
  const path = "/chat?ids=1&interval_ms=0&events=20&cut_at=1500&key=elsewhere";
  const s = stream(at(path), {
    json: {},
    retryDelay: 1,
    resume: (cursor) => ({ url: at(`/chat?ids=1&interval_ms=0&events=20&last_event_id=${cursor}`), method: "GET" }),
  });
  const { items, outcome } = await take(s);
  assert.equal(outcome.outcome, "complete");
  assert.equal(outcome.attempts, 2);
  assert.deepEqual(items.map(({ id }) => Number(id)), items.map((_, index) => index + 1));
});

check("an abort is seen at the server, and the loop throws its reason", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const s = stream(at("/stall?interval_ms=0&key=abort"), { signal: abort.signal });
  await assert.rejects(async () => {
    for await (const _ of s) if (s.stats.events === 4) setImmediate(() => abort.abort(reason));
  }, reason);
  assert.equal((await s.outcome).outcome, "cancelled");
  const [request] = await server.ended("/stall?interval_ms=0&key=abort");
  assert.equal(request.response.ended, "client_closed");
});

check("an abort before anything is sent sends nothing", async () => {
  const { error } = await take(stream(at("/chat?key=never"), { signal: AbortSignal.abort("no") }));
  assert.equal(error, "no");
  assert.equal((await server.requests("/chat?key=never")).length, 0);
});

check("break ends the request, and what was not taken does not count", async () => {
  const s = stream(at("/endless?key=break"));
  let taken = 0;
  for await (const _ of s) if (++taken === 1000) break;
  const { outcome, events } = await s.outcome;
  assert.deepEqual({ outcome, events }, { outcome: "cancelled", events: 1000 });
  const [request] = await server.ended("/endless?key=break");
  assert.equal(request.response.ended, "client_closed");
});

// At a pace at which its end cannot have come along.
check("a hook that throws ends the stream and the request", async () => {
  const s = stream(at("/heartbeat?interval_ms=30000&key=hook"), {
    onComment() {
      throw new Error("mine");
    },
  });
  await assert.rejects(s.next(), /mine/);
  assert.equal((await s.outcome).outcome, "cancelled");
  await server.ended("/heartbeat?interval_ms=30000&key=hook");
});

check("nothing is read that nobody asks for", async () => {
  const s = stream(at("/endless?bytes=200000000&key=pull"), { idleTimeout: 50 });
  await s.next();
  const { bytes } = s.stats;
  // Longer than the limit of silence, which counts only while somebody asks.
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(s.stats.bytes, bytes);
  assert.equal((await s.next()).done, false);
  s.close();
  await server.ended("/endless?bytes=200000000&key=pull");
});

check("a stall is told, and cuts nothing", async () => {
  const silences = [];
  const s = stream(at("/think?silence_ms=300&interval_ms=0&events=3"), { stallAfter: 100, onStall: (ms) => silences.push(ms) });
  const { outcome } = await take(s);
  assert.equal(outcome.outcome, "complete");
  assert.equal(silences.length, 1);
  assert.ok(silences[0] >= 100);
});

check("reconnect() takes up a silent stream at once", async () => {
  const attempts = [];
  const s = stream(at("/sse?interval_ms=0"), { onAttempt: (attempt) => attempts.push(attempt) });
  for await (const { id } of s) {
    if (id === "3") s.reconnect();
    if (attempts.length === 2) break;
  }
  assert.equal(attempts[1].reason, "kick");
  assert.equal(attempts[1].delayMs, 0);
});

check("headers and bodies are made anew for each attempt", async () => {
  const path = "/status?status=503&retry_after=0&key=made";
  const options = {
    method: "POST",
    headers: ({ attempt }) => ({ "x-attempt": String(attempt) }),
    body: async ({ attempt }) => `body ${attempt}`,
    retryAttempts: 1,
    retryDelay: 1,
  };
  await take(stream(at(path), options));
  const requests = await server.requests(path);
  assert.deepEqual(requests.map(({ body }) => body), ["body 1", "body 2"]);
  assert.deepEqual(requests.map(({ headers }) => headers["x-attempt"]), ["1", "2"]);
});

check("json, form and query", async () => {
  await take(stream(at("/status?key=json"), { json: { a: 1 }, query: { b: "c d" }, retryAttempts: 0 }));
  await take(stream(at("/status?key=form"), { form: { a: "1 2" }, retryAttempts: 0 }));
  const [json] = await server.requests("/status?key=json");
  const [form] = await server.requests("/status?key=form");
  assert.deepEqual([json.method, json.body, json.path], ["POST", '{"a":1}', "/status?key=json&b=c+d"]);
  assert.equal(json.headers["content-type"], "application/json");
  assert.equal(form.body, "a=1+2");
  assert.match(form.headers["content-type"], /^application\/x-www-form-urlencoded/);
});

check("batches bring every event once, drain() none", async () => {
  const events = [];
  for await (const batch of stream(at("/glued?interval_ms=0&events=30")).batches()) events.push(...batch);
  const outcome = await stream(at("/glued?interval_ms=0&events=30")).drain();
  assert.deepEqual([outcome.outcome, outcome.events], ["complete", events.length]);
});

check("parse reads a reply of fetch, and a reply that is refused", async () => {
  const { items, outcome } = await take(parse(await fetch(at("/chat?interval_ms=0&events=3"))));
  assert.deepEqual([items.length, outcome.outcome], [5, "complete"]);
  const refused = await take(parse(await fetch(at("/auth"))));
  assert.deepEqual([refused.error.code, refused.error.status], ["refused", 401]);
});

test("parse reads bytes from anywhere", async () => {
  async function* bytes() {
    for (const text of ['{"a":1}\n{"a"', ":2}\n"]) yield new TextEncoder().encode(text);
  }
  const { items, outcome } = await take(parse(bytes()));
  assert.deepEqual(items.map(({ value }) => value), [{ a: 1 }, { a: 2 }]);
  assert.equal(outcome.outcome, "ended");
  const used = new Response("data: a\n\n");
  await used.text();
  assert.throws(() => parse(used), { code: "usage" });
});

test("a bad JSON line is thrown, unless somebody is told", async () => {
  const body = () => new Response('{"a":1}\n{bad\n{"a":2}\n', { headers: { "content-type": "application/x-ndjson" } });
  const alone = await take(parse(body()));
  assert.equal(alone.error.code, "bad_record");
  const errors = [];
  const told = await take(parse(body(), { onError: ({ code, offset }) => errors.push([code, offset]) }));
  assert.deepEqual(errors, [["bad_record", 9]]);
  assert.equal(told.items.length, 2);
  assert.equal(told.outcome.outcome, "ended");
});

test("what cannot be is said at once", () => {
  for (const [input, options] of [
    ["not a url", {}],
    ["http://localhost/", { format: "xml" }],
    ["http://localhost/", { endOn: "json:=" }],
  ]) {
    assert.throws(() => stream(input, options), { name: "TidewireError", code: "usage" });
  }
});

test("a fetch of the caller's own", async () => {
  const calls = [];
  const s = stream("http://nowhere.invalid/x", {
    fetch: async (url, init) => {
      calls.push([String(url), init.method, new Headers(init.headers).get("accept").includes("text/event-stream")]);
      return new Response("data: a\n\ndata: [DONE]\n\n", { headers: { "content-type": "text/event-stream" } });
    },
  });
  const { items } = await take(s);
  assert.deepEqual(calls, [["http://nowhere.invalid/x", "GET", true]]);
  assert.equal(items.length, 1);
});
