// What is asked of an XMLHttpRequest, and what is made of what it says. The requests here are played by hand, as React Native's; the
// real ones are those of the browsers (browser/page/xhr.mjs).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { afterEach, test } from "node:test";
import { stream } from "../dist/index.js";
import { xhr } from "../dist/xhr.js";
import { fetchOverXhr } from "../dist/xhr-fetch.js";
import { PlayedRequest } from "./support/played_request.mjs";

const URL_ = "http://a.invalid/stream";
const SSE = "content-type: text/event-stream\r\n";

/** Requests that play these steps, one list each: functions that are given the request. */
function plays(...lists) {
  globalThis.XMLHttpRequest = PlayedRequest.playing(lists);
  return PlayedRequest.made;
}
afterEach(() => delete globalThis.XMLHttpRequest);

const head = (status = 200, headers = SSE, url) => (request) => request.head(status, headers, url);
const text = (more) => (request) => request.more(more);
const load = (request) => request.done("load");
const breaks = (request) => request.done("error", "Network request failed");

async function take(s) {
  const items = [];
  const error = await (async () => {
    for await (const item of s) items.push(item);
  })().catch((thrown) => thrown);
  return { items, error, outcome: await s.outcome };
}

test("events, and that it says over what", async () => {
  plays([head(), text("data: a\n\nda"), text("ta: b\n\ndata: [DONE]\n\n"), load]);
  const s = stream(URL_, { fetch: xhr });
  assert.equal(s.stats.transport, "xhr");
  const { items, outcome } = await take(s);
  assert.deepEqual([items.map(({ data }) => data), outcome.outcome, s.stats.transport], [["a", "b"], "complete", "xhr"]);
  assert.equal(stream(URL_).stats.transport, "fetch");
});

/** [what, options, what the request looked like]. */
const REQUESTS = [
  ["a GET", {}, { method: "GET", body: null, withCredentials: true }],
  ["with credentials", { credentials: "include" }, { withCredentials: true }],
  ["without", { credentials: "omit" }, { withCredentials: false }],
  ["JSON", { json: { a: 1 } }, { method: "POST", body: '{"a":1}', type: "application/json" }],
  ["a form", { form: { a: "1 2" } }, { method: "POST", body: "a=1+2", type: "application/x-www-form-urlencoded;charset=UTF-8" }],
  ["a text", { body: "x" }, { method: "POST", body: "x", type: "text/plain;charset=UTF-8" }],
  ["bytes", { body: new Uint8Array([1, 2]) }, { method: "POST", body: new Uint8Array([1, 2]), type: undefined }],
  ["a method", { method: "put", body: "x", headers: { "content-type": "a/b" } }, { method: "PUT", body: "x", type: "a/b" }],
  ["a cursor", { lastEventId: "caf\u00e9" }, { cursor: "caf\u00c3\u00a9" }],
  ["no cache", {}, { cache: "no-cache" }],
  ["the caller's own word on the cache", { headers: { "cache-control": "max-age=1" } }, { cache: "max-age=1" }],
];
for (const [what, options, want] of REQUESTS) {
  test(`asks for it: ${what}`, async () => {
    const made = plays([head(), load]);
    await stream(URL_, { ...options, fetch: xhr }).drain();
    const [{ method, url, body, withCredentials, sent }] = made;
    const has = { method, body, withCredentials, type: sent["content-type"], cursor: sent["last-event-id"], cache: sent["cache-control"] };
    assert.equal(url, URL_);
    for (const key of Object.keys(want)) assert.deepEqual(has[key], want[key], key);
  });
}

test("a Request, with its body", async () => {
  const made = plays([head(), load]);
  await stream(new Request(URL_, { method: "POST", body: "text", headers: { a: "b" } }), { fetch: xhr }).drain();
  const [{ method, body, sent }] = made;
  assert.deepEqual([method, Buffer.from(body).toString(), sent.a, sent["content-type"]], ["POST", "text", "b", "text/plain;charset=UTF-8"]);
});

/** [what, what is played, the outcome, more of it, options]. */
const ENDS = [
  ["a clean end", [head(), text("data: a\n\n"), load], "ended"],
  ["a break", [head(), text("data: a\n\n"), breaks], "truncated", { error: /the network failed/ }],
  ["a break whose words are no body", [head(), text("data: a\n\ndata: half\n"), breaks], "truncated", { events: 1 }],
  ["no connection", [breaks], "unreachable"],
  ["the host's own limit", [head(), (request) => request.done("timeout", "timed out")], "unreachable", { error: /time limit/ }],
  ["a body that is too short", [head(200, `${SSE}content-length: 90\r\n`), text("data: a\n\n"), load], "truncated", { error: /81 bytes/ }],
  ["a length of what was compressed", [head(200, `${SSE}content-length: 90\r\ncontent-encoding: gzip\r\n`), text("data: a\n\n"), load], "ended"],
  ["a refusal", [head(401, "content-type: application/json\r\n"), text('{"message":"no such key"}'), load], "refused", { status: 401, error: /^no such key$/ }],
  ["headers with lines ended otherwise", [head(503, "content-type: text/plain\nX-A:  b \nnot one\n: nor this\n"), load], "refused", { headers: { "content-type": "text/plain", "x-a": "b" } }],
  ["no headers at all", [head(500, null), load], "refused", { headers: {} }],
  ["204", [head(204, ""), load], "ended"],
  ["a host that knows no head", [(request) => request.whole(200, SSE, "data: a\n\n")], "ended", { events: 1 }],
];
for (const [what, steps, outcome, more = {}] of ENDS) {
  test(`ends: ${what}`, async () => {
    plays(steps);
    const ended = await stream(URL_, { fetch: xhr, retryAttempts: 0 }).drain();
    assert.equal(ended.outcome, outcome, ended.error);
    for (const [key, want] of Object.entries(more)) {
      if (want instanceof RegExp) assert.match(ended[key], want);
      else assert.deepEqual(ended[key], want);
    }
  });
}

test("where a redirect led is known after the head", async () => {
  const relay = `${SSE}tidewire-stream: 1\r\nlocation: kept\r\n`;
  const made = plays([head(200, relay, "http://a.invalid/else/where"), text("id: 1\ndata: a\n\n"), breaks], [head(), text("data: [DONE]\n\n"), load]);
  await stream(URL_, { fetch: xhr, retryDelay: 1, method: "POST" }).drain();
  assert.deepEqual(made.map(({ url }) => url), [URL_, "http://a.invalid/else/kept"]);
});

test("what it cannot do is said before anything is sent", async () => {
  const made = plays();
  const body = new ReadableStream({ start: (controller) => controller.close() });
  for (const [options, words] of [
    [{ redirect: "error" }, /redirect.*"error"/],
    [{ redirect: "manual" }, /redirect.*"manual"/],
    [{ method: "POST", body, duplex: "half" }, /a stream of bytes/],
  ]) {
    const { error } = await take(stream(URL_, { ...options, fetch: xhr }));
    assert.equal(error.code, "usage");
    assert.match(error.message, words);
  }
  assert.equal(made.length, 0);
  delete globalThis.XMLHttpRequest;
  const { error } = await take(stream(URL_, { fetch: xhr }));
  assert.deepEqual([error.code, /no.* XMLHttpRequest here.*option fetch/.test(error.message)], ["usage", true]);
});

test("stopped and aborted, the request is aborted", async () => {
  for (const stop of [(s) => s.close(), (_, abort) => abort.abort(new Error("enough"))]) {
    const made = plays([head(), text("data: a\n\n")]);
    const abort = new AbortController();
    const s = stream(URL_, { fetch: xhr, signal: abort.signal });
    await s.next();
    const rest = s.next().catch(({ message }) => message);
    stop(s, abort);
    await rest;
    assert.deepEqual([made[0].aborted, (await s.outcome).outcome], [true, "cancelled"]);
  }
});

/** A hundred events, from this one on. */
const events = (from, to = 101) => Array.from({ length: to - from }, (_, index) => `id: ${from + index}\ndata: ${from + index}\n\n`).join("");

test("at the limit the request is aborted, and the stream resumed", async () => {
  const limited = fetchOverXhr(500);
  const list = (request) => request.more(events(Number(request.sent["last-event-id"] ?? 0) + 1) + "data: [DONE]\n\n");
  const made = plays(...Array.from({ length: 5 }, () => [head(), list, load]));
  const reasons = [];
  const s = stream(URL_, { fetch: limited, retryDelay: 1, onAttempt: ({ reason, error }) => reasons.push([reason, error]) });
  const { items, outcome } = await take(s);
  assert.deepEqual(items.map(({ data }) => Number(data)), Array.from({ length: 100 }, (_, index) => index + 1));
  // The marker ends the last one.
  assert.deepEqual([outcome.outcome, outcome.attempts, made.every(({ aborted }) => aborted)], ["complete", made.length, true]);
  assert.ok(made.length > 2, `${made.length} requests`);
  assert.equal(reasons[1][0], "body");
  assert.match(reasons[1][1], /no.*more than 500 bytes/);
});

/** [what, options, what is repeated, how often it was asked]. */
const UNREADABLE = [
  ["a POST", { method: "POST", json: {} }, events(1), 1],
  ["resume: never", { resume: "never" }, events(1), 1],
  ["no ids", {}, events(1).replaceAll(/id: .*\n/g, ""), 1],
  ["no retries left", { retryAttempts: 0 }, events(1), 1],
  ["one that never ends", { retryAttempts: 2 }, `data: ${"x".repeat(600)}`, 3],
];
for (const [what, options, body, times] of UNREADABLE) {
  test(`unreadable where it cannot be resumed: ${what}`, async () => {
    const made = plays(...Array.from({ length: 9 }, () => [head(), text(body)]));
    const { error, items, outcome } = await take(stream(URL_, { ...options, fetch: fetchOverXhr(500), retryDelay: 1 }));
    assert.deepEqual([outcome.outcome, outcome.limit, outcome.offset], ["unreadable", 500, 500]);
    assert.deepEqual([error.code, error.limit, outcome.events, made.length], ["unreadable", 500, items.length, times]);
    assert.match(error.message, /cannot be decoded further: XMLHttpRequest keeps all text.*500 bytes/);
  });
}

test("a limit that another failure followed is not the reason", async () => {
  for (const [second, outcome] of [
    [[head(), text("id: 99\ndata: half"), load], "truncated"],
    [[breaks], "truncated"],
    [[head(401, SSE), load], "refused"],
  ]) {
    plays([head(), text(events(1))], second);
    const { outcome: ended } = await take(stream(URL_, { fetch: fetchOverXhr(500), retryDelay: 1, retryAttempts: 1 }));
    assert.deepEqual([ended.outcome, ended.limit], [outcome, undefined]);
  }
});

test("paused, it takes no more than its limit", async () => {
  const made = plays([head(), text(events(1, 10)), text(events(10))], [head(), (request) => request.more(events(Number(request.sent["last-event-id"]) + 1) + "data: [DONE]\n\n"), load]);
  const s = stream(URL_, { fetch: fetchOverXhr(2000), retryDelay: 1 });
  const first = await s.next();
  s.pause();
  made[0].more("x".repeat(2000));
  assert.equal(made[0].aborted, true);
  s.resume();
  const { items, outcome } = await take(s);
  assert.deepEqual([outcome.outcome, [first.value, ...items].map(({ id }) => Number(id))], ["complete", Array.from({ length: 100 }, (_, index) => index + 1)]);
});

/** A script in a Node that has only what React Native has; `prelude` is put before it. */
function likeReactNative(script, prelude = "") {
  const code = `
    const { PlayedRequest } = await import(${JSON.stringify(new URL("support/played_request.mjs", import.meta.url).href)});
    // Node loads its own with what is taken away below.
    new Headers();
    globalThis.Request = class Request {
      constructor(url, init) {
        Object.assign(this, init, { url: String(url) });
      }
    };
    globalThis.Response = class Response {
      status = 200;
      constructor(text, { headers } = {}) {
        Object.assign(this, { text: async () => text, headers: new Headers(headers) });
      }
    };
    for (const name of ["ReadableStream", "EventTarget", "MessageEvent", "DOMException", "FinalizationRegistry", "Buffer"]) delete globalThis[name];
    WebAssembly.Module = undefined;
    const fetched = [];
    globalThis.fetch = async (url) => (fetched.push(String(url)), new Response("data: whole\\n\\n", { headers: { "content-type": "text/event-stream" } }));
    ${prelude}
    const play = (...lists) => (globalThis.XMLHttpRequest = PlayedRequest.playing(lists));
    const read = (more) => [(request) => request.head(200, ${JSON.stringify(SSE)}), (request) => request.more(more), (request) => request.done("load")];
    ${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8", timeout: 20_000 });
  return stdout + stderr;
}
const dist = (name) => JSON.stringify(new URL(`../dist/${name}`, import.meta.url).href);

test("where there is only what React Native has, tidewire/js streams by itself", () => {
  const said = likeReactNative(`
    const { EventSource, stream } = await import(${dist("js.js")});
    const { deltas } = await import(${dist("llm-js.js")});
    play(read("data: a\\n\\ndata: [DONE]\\n\\n"), read('data: {"choices":[{"delta":{"content":"hello"}}]}\\n\\ndata: [DONE]\\n\\n'));
    const s = stream("http://a.invalid/", { json: {} });
    for await (const { data } of s) console.log(data);
    console.log((await s.outcome).outcome, s.stats.transport, fetched.length);
    const reply = deltas("http://a.invalid/", { dialect: "openai-chat", json: {} });
    console.log((await reply.message).text, reply.stats.transport);
    try { new EventSource("http://a.invalid/"); } catch ({ code, message }) { console.log(code, message); }`);
  assert.equal(said, "a\ncomplete xhr 0\nhello xhr\nusage there is no EventTarget here\n");
});

test("without an XMLHttpRequest either, the error says so", () => {
  const said = likeReactNative(`
    const { stream } = await import(${dist("js.js")});
    await stream("http://a.invalid/").next().catch(({ code, message }) => console.log(code, message, fetched.length));`);
  assert.match(said, /^usage there is neither a fetch that streams nor an XMLHttpRequest here.*option fetch 0\n$/);
});

test("a fetch whose responses lack what their class has is found out once, and no POST is sent twice", () => {
  const wrapped = `
    const bare = ({ status, headers }) => ({ status, headers, text: async () => "" });
    const real = globalThis.fetch;
    Object.defineProperty(Response.prototype, "body", { get: () => null, configurable: true });
    globalThis.fetch = async (...given) => bare(await real(...given));`;
  const said = likeReactNative(`
    const { stream } = await import(${dist("js.js")});
    const made = PlayedRequest.made;
    play(read("data: [DONE]\\n\\n"), read("data: [DONE]\\n\\n"));
    const asked = () => [fetched.length, PlayedRequest.made.length].join();
    const post = stream("http://a.invalid/", { json: {} });
    console.log((await post.drain()).outcome, await post.outcome.then(({ error }) => error), asked());
    const later = stream("http://a.invalid/", { json: {} });
    console.log((await later.drain()).outcome, later.stats.transport, asked());`, wrapped);
  assert.match(said, /^cancelled .*XMLHttpRequest.* 1,0\ncomplete xhr 1,1\n$/);
  const got = likeReactNative(`
    const { stream } = await import(${dist("js.js")});
    play(read("data: [DONE]\\n\\n"));
    const s = stream("http://a.invalid/");
    console.log(s.stats.transport, (await s.drain()).outcome, s.stats.transport, s.stats.attempts, fetched.length, PlayedRequest.made.length);`, wrapped);
  assert.equal(got, "fetch complete xhr 1 1 1\n");
});

test("other entries name the transport", async () => {
  const bare = { status: 200, headers: new Headers({ "content-type": "text/event-stream" }) };
  const { error } = await take(stream(URL_, { fetch: async () => bare }));
  assert.equal(error.code, "usage");
  for (const name of ["React Native", "tidewire/js", "tidewire/xhr", "option fetch"]) assert.ok(error.message.includes(name), error.message);
});
