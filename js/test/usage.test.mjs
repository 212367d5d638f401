// Mistakes of the caller's: a usage error that names them, once, before anything is sent; never blamed on the network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, take } from "./support/scripted.mjs";

const { createClient, createParser, parse, stream } = tidewire;
const limit = { timeout: 30_000 };
const usage = { name: "TidewireError", code: "usage" };
const bytes = (text) => new TextEncoder().encode(text);
const body = () => new Response("data: a\n\n", { headers: SSE });
const URL_ = "http://a.invalid/";
const circular = {};
circular.self = circular;
const used = new ReadableStream();
used.getReader();

// [what, URL, options, what the error says]
const REQUESTS = [
  ["GET with a body", URL_, { method: "GET", json: {} }, /GET/],
  ["HEAD with a body", URL_, { method: "HEAD", body: "x" }, /HEAD/],
  ["a line feed in a header", URL_, { headers: { "x-token": "se\ncret" } }, /"x-token"/],
  ["a header's name with a space", URL_, { headers: [["x y", "1"]] }, /"x y"/],
  ["a header that is no Latin-1", URL_, { headers: { "x-name": "\u4e16" } }, /"x-name"/],
  ["a key that cannot be a header", URL_, { method: "POST", idempotencyKey: "a\nb" }, /"idempotency-key"/],
  ["a method that is none", URL_, { method: "NO GOOD" }, /NO GOOD/],
  ["a mode that is none", URL_, { mode: "sideways" }, /sideways|mode/],
  ["a body that somebody reads", URL_, { method: "POST", body: used }, /body/],
  ["JSON that refers to itself", URL_, { json: circular }, /circular/i],
  ["JSON of a function", URL_, { json: () => {} }, /json/],
  ["no host", "http://", {}, /not a URL/],
  ["a host that cannot be one", "http://a b/", {}, /not a URL/],
  ["a relative URL without a page", "/chat", {}, /not a URL: \/chat/],
  ["nothing", "", {}, /not a URL/],
  ["a URL of files", "file:///x", {}, /file:/],
  ["a URL of mail", "mailto:a@b", {}, /mailto:/],
  ["a URL with a password", "http://u:pa55@a.invalid/", {}, /Authorization/],
  ["no fetch", URL_, { fetch: "fetch" }, /fetch: "fetch".*function/],
];
for (const [what, url, options, says] of REQUESTS) {
  test(`a request that can never be sent: ${what}`, () => {
    assert.throws(() => stream(url, options), (error) => {
      assert.equal(error.code, "usage");
      assert.match(error.message, says);
      // Nor what may be a secret, in the message or in its cause.
      assert.doesNotMatch(`${error.message} ${error.cause?.message}`, /cret|pa55/);
      return true;
    });
  });
}

test("a scheme that only a `fetch` of the caller's own knows", limit, async () => {
  assert.equal((await take(stream("app://chat/x", { fetch: async () => body() }))).items.length, 1);
});

const sent = [];
const counting = async (...given) => {
  sent.push(given);
  return body();
};

// [what, options], each of them known only at an attempt
const LATE = [
  ["headers", { headers: async () => ({ a: "b\nc" }) }],
  ["a body for GET", { method: "GET", body: () => "x" }],
  ["a URL of files", {}, () => "file:///x"],
  ["a relative URL", {}, async () => "/chat"],
];
for (const [what, options, url = URL_] of LATE) {
  test(`a function that makes what can never be sent: ${what}`, limit, async () => {
    const attempts = [];
    const fetch = what === "a URL of files" ? undefined : counting;
    const { error, outcome } = await take(stream(url, { ...options, fetch, retryDelay: 1, onAttempt: (attempt) => attempts.push(attempt) }));
    assert.equal(error.code, "usage");
    assert.deepEqual([attempts.length, sent.length], [1, 0]);
    // Also for who reads no error: a drained stream says it in its outcome.
    assert.equal(outcome.outcome, "cancelled");
    assert.ok(outcome.error.startsWith(error.message), outcome.error);
  });
}

test("a function that fails is tried again: its token server may be down", limit, async () => {
  let calls = 0;
  const headers = () => {
    if (++calls < 3) throw new Error("no token yet");
    return { a: "b" };
  };
  assert.equal((await take(stream(URL_, { headers, retryDelay: 1, fetch: async () => body() }))).items.length, 1);
});

// [what is given for a body]
for (const [what, source] of [
  ["a string", "data: a\n\n"],
  ["nothing", undefined],
  ["null", null],
  ["a number", 7],
  ["an object", { data: "a" }],
  ["bytes alone", bytes("data: a\n\n")],
  ["a promise of a Response", Promise.resolve(body())],
]) {
  test(`what is not a body: ${what}`, () => assert.throws(() => parse(source), usage));
}

test("a body that was read, or that somebody reads", limit, async () => {
  const read = body();
  await read.text();
  const locked = body();
  locked.body.getReader();
  const request = new Request(URL_, { method: "POST", body: "x" });
  await request.text();
  for (const source of [read, locked, locked.body]) assert.throws(() => parse(source), usage);
  assert.throws(() => stream(request), usage);
  // Or by the time that its turn comes.
  const once = body();
  const both = [parse(once), parse(once)];
  assert.equal((await take(both[0])).items.length, 1);
  assert.equal((await take(both[1])).error.code, "usage");
  const later = body();
  const waiting = parse(later);
  await later.text();
  assert.equal((await take(waiting)).error.code, "usage");
});

// [what a `fetch` of the caller's gives]
for (const [what, given] of [
  ["nothing", () => undefined],
  ["an object", () => ({})],
  ["a string", () => "data: a"],
  ["no promise", "not async"],
  ["a Response whose body was read", async () => {
    const read = body();
    await read.text();
    return read;
  }],
  ["a Response whose body is a string", () => ({ status: 200, headers: new Headers(SSE), body: "data: a\n\n" })],
]) {
  test(`a fetch of the caller's own that gives ${what}`, limit, async () => {
    const fetch = given === "not async" ? () => undefined : async () => given();
    const { error, outcome } = await take(stream(URL_, { fetch, retryDelay: 1 }));
    assert.deepEqual([error.code, outcome.attempts], ["usage", 1]);
  });
}

test("a Response of another window is read", limit, async () => {
  const foreign = { status: 200, headers: new Headers(SSE), body: body().body, bodyUsed: false };
  assert.equal((await take(parse(foreign))).items.length, 1);
});

// [options, what the error says]
const OPTIONS = [
  [{ format: "xml" }, /format: "xml".*auto, sse, ndjson, json-seq, json-array, concat or text/],
  [{ endOn: "json:" }, /endOn: "json:".*\[DONE\], event:NAME, or json:PATH=VALUE/],
  [{ failOn: ["[DONE]", "event:"] }, /failOn: "event:".*event:NAME/],
  [{ heartbeatOn: "json:=x" }, /heartbeatOn: "json:=x"/],
  [{ resume: "yes" }, /resume: "yes".*auto, always, never, or a function/],
  [{ resume: 7 }, /resume: 7/],
  [{ lastEventId: 7 }, /lastEventId: 7.*a string/],
  [{ cursor: 7 }, /cursor: 7.*a path/],
  [{ follow: "false" }, /follow: "false".*true or false/],
  [{ idempotent: "no" }, /idempotent: "no".*true or false/],
  [{ timeout: "5s" }, /timeout: "5s".*a number that is 0 or more/],
  ...["timeout", "firstEventTimeout", "idleTimeout", "progressTimeout", "stallAfter", "retryDelay", "retryAttempts", "maxEventBytes"].flatMap((key) => [
    [{ [key]: -1 }, new RegExp(`${key}: -1.*a number that is 0 or more`)],
    [{ [key]: NaN }, new RegExp(`${key}: NaN`)],
  ]),
];
for (const [options, says] of OPTIONS) {
  test(`an option that is not possible names what is: ${says.source}`, () => {
    assert.throws(() => stream(URL_, options), { ...usage, message: says });
  });
}

test("formats that errors name are formats", () => {
  for (const format of "auto, sse, ndjson, json-seq, json-array, concat or text".split(/, | or /)) createParser({ format, onEvent() {} }).free();
});

test("a parser's options", () => {
  for (const [options, says] of [
    [undefined, /onEvent.*a function/],
    [{}, /onEvent.*a function/],
    [{ format: "xml", onEvent() {} }, /format: "xml".*sse/],
    [{ maxEventBytes: -1, onEvent() {} }, /maxEventBytes: -1.*a number/],
  ]) {
    assert.throws(() => createParser(options), { ...usage, message: says });
  }
});

test("a client's options", () => {
  for (const [options, says] of [
    [{ maxConcurrent: 0 }, /maxConcurrent: 0.*1 or more/],
    [{ maxConcurrent: NaN }, /maxConcurrent: NaN/],
    [{ queueTimeout: -1 }, /queueTimeout: -1/],
    [{ headers: { a: "\n\0" } }, /"a"/],
    [{ allowedOrigins: ["nowhere"] }, /nowhere/],
    [{ json: { prompt: "why" } }, /json.*belongs to a stream/],
    [{ idempotencyKey: "k" }, /idempotencyKey.*belongs to a stream/],
  ]) {
    assert.throws(() => createClient(options), { ...usage, message: says });
  }
  assert.throws(() => createClient({ idleTimeout: -1 }).stream(URL_), usage);
});

for (const [what, chunk] of [
  ["text", "data: a\n\n"],
  ["a buffer", bytes("data: a\n\n").buffer],
  ["a chunk whose buffer was transferred", (() => {
    const chunk = bytes("data: a\n\n");
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
    return chunk;
  })()],
  ["nothing", undefined],
]) {
  test(`a body that yields ${what}: the loop throws`, limit, async () => {
    const yields = async function* () {
      yield chunk;
    };
    assert.equal((await take(parse(yields(), { format: "sse" }))).error.code, "usage");
    assert.throws(() => createParser({ onEvent() {} }).push(chunk), usage);
  });
}

test("an iterator whose result is no result: the loop throws", limit, async () => {
  for (const result of [undefined, {}, 7]) {
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => result }) };
    assert.equal((await take(parse(source, { format: "sse" }))).error.code, "usage");
  }
});

test("an empty chunk is no mistake", limit, async () => {
  const yields = async function* () {
    yield new Uint8Array(0);
    yield bytes("data: a\n\n");
  };
  assert.equal((await take(parse(yields(), { format: "sse" }))).items.length, 1);
});

test("a platform without streams: the error says what to use; an empty reply stays one", limit, async () => {
  const bare = (status, headers, text) => ({ status, headers: new Headers(headers), text: async () => text });
  const read = (reply, options) => take(stream(URL_, { fetch: async () => reply, retryAttempts: 0, ...options }));
  const { error, items } = await read(bare(200, SSE, "data: a\n\n"));
  assert.deepEqual([error.code, items], ["usage", []]);
  assert.match(error.message, /React Native.*option fetch/);
  assert.equal((await read(bare(200, SSE, "data: a\n\n"), { method: "POST", json: {} })).error.code, "usage");
  for (const [reply, options] of [
    [bare(204, {}, ""), {}],
    [bare(200, { ...SSE, "content-length": "0" }, ""), {}],
    [bare(200, SSE, ""), { method: "HEAD" }],
    [new Response(null, { headers: SSE }), {}],
  ]) {
    assert.deepEqual([(await read(reply, options)).outcome.outcome], ["ended"]);
  }
  // What was refused says why, streamed or not.
  const { outcome } = await read(bare(401, { "content-type": "application/json" }, '{"message":"no such key"}'));
  assert.deepEqual([outcome.outcome, outcome.error], ["refused", "no such key"]);
});
