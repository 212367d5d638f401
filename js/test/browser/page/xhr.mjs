// Streams over XMLHttpRequest, in a page whose `fetch` gives no body. The oracle is the same stream over `fetch`, before that is taken away.
import { TidewireError, stream } from "../dist/index.js";
import * as inJs from "../dist/js.js";
import * as llmInJs from "../dist/llm-js.js";
import { fetchOverXhr } from "../dist/xhr-fetch.js";
import { xhr } from "../dist/xhr.js";
import { SOURCES, watch } from "./sources.mjs";
import { down, engine, equal, host, longRun, ok, other, script, sleep, take, until, upstream } from "./tools.mjs";

const MIB = 1024 * 1024;

/** What React Native's `Response` lacks. */
const takeBodiesAway = () => delete Response.prototype.body;
/** Longer than browsers wait between two `progress` events, so that what follows comes as a piece of its own. */
const GAP = { wait: 120 };
const bytes = (text) => Array.from(new TextEncoder().encode(text), (byte) => ({ hex: byte.toString(16).padStart(2, "0") }));
/** Each part a piece of its own. */
const apart = (parts) => parts.flatMap((part) => [part, GAP]);
/** Inside a record, for WebKitGTK takes a chunked body that breaks off for one that has ended. */
const CUT = { parts: ["id: 1\ndata: a\n\n", GAP, "data: half"], end: "cut" };
const PLAIN = { "content-type": "text/plain" };
const LINES = { "content-type": "application/x-ndjson" };

/** [what, replies, options]. */
const ROWS = [
  ["events", [{ parts: ["data: a\n\nid: 7\nevent: x\ndata: b\ndata: c\n\n: c\n\ndata: [DONE]\n\n"] }]],
  ["a character of four bytes, byte by byte", [{ parts: apart([...bytes("data: \u{1f30a}\n\n")]) }]],
  ["characters cut between pieces", [{ parts: apart(["data: ", { hex: "f09f" }, { hex: "8c8ae4" }, { hex: "b896c3" }, { hex: "a9" }, "\n\n"]) }]],
  ["CRLF between pieces", [{ parts: apart(["data: a\r", "\n\r", "\ndata: b\r\n", "\r", "\ndata: c\r\r"]) }]],
  ["a BOM", [{ parts: ["\ufeffdata: a\n\n"] }]],
  ["a BOM in pieces", [{ parts: apart([{ hex: "ef" }, { hex: "bb" }, { hex: "bf" }, "data: a\n\n"]) }]],
  ["bytes that are no UTF-8", [{ parts: ["data: a", { hex: "ff80" }, "b", { hex: "f09f" }, "c\n\n"] }]],
  ["another charset, which does not count", [{ parts: [{ hex: "646174613a20c3a90a0a" }], headers: { "content-type": "text/event-stream; charset=iso-8859-1" } }]],
  ["JSON lines", [{ parts: apart(['{"a":"\u{1f30a}', '"}\n{"a":2}\n']), headers: LINES }]],
  ["half a JSON line", [{ parts: ['{"a":1}\n{"a":'], headers: LINES }]],
  ["text", [{ parts: apart(["one ", "two \u4e16"]), headers: PLAIN }]],
  ["an empty body", [{}]],
  ["204", [{ status: 204 }]],
  ["a refusal with its reason", [{ status: 401, headers: { "content-type": "application/json", "x-why": "key" }, parts: ['{"error":{"message":"no such key"}}'] }]],
  ["another content type", [{ headers: { "content-type": "text/html" }, parts: ["<p>log in"] }]],
  ["503, and then the stream", [{ status: 503, headers: { "retry-after": "0" } }, { parts: ["data: a\n\ndata: [DONE]\n\n"] }]],
  ["a break inside a record", [{ parts: ["data: a\n\n", GAP, "data: half"], end: "cut" }]],
  ["a break that is resumed", [CUT, { parts: [{ echo: "last-event-id" }, "data: [DONE]\n\n"] }]],
  ["a break before any record", [{ parts: [": c\n", GAP, "data: half"], end: "cut" }, { parts: ["data: a\n\ndata: [DONE]\n\n"] }]],
  ["no answer", [{ end: "refuse" }, { parts: ["data: a\n\ndata: [DONE]\n\n"] }]],
  ["a body shorter than its length", [{ headers: { "content-length": "100" }, parts: ["data: a\n\n", GAP, "data: half"], end: "cut" }]],
  ["a failure in the stream", [{ parts: ["data: a\n\nevent: error\ndata: overloaded\n\n"] }]],
];

/** What must be the same over both: not how many bytes came, for a BOM and what is no UTF-8 are gone by then. */
async function read(url, options) {
  const { items, outcome, error } = await take(stream(url, { retryDelay: 1, ...options }));
  const { bytes, error: words, headers = {}, ...rest } = outcome;
  // A text may come in other pieces.
  const isText = items[0]?.type === "text";
  if (isText) Object.assign(rest, { events: 0, text: items.map(({ text }) => text).join("") });
  // What the platforms say of a failure is their own.
  const ownWords = ["truncated", "unreachable"].includes(outcome.outcome) ? "" : words;
  const { "content-type": type, "x-why": why } = headers;
  return { items: isText ? [] : items, ...rest, words: ownWords, type, why, code: error?.code };
}

/** Notes what the requests of this page hold: the longest text of each, and of all of them how long the looks at their texts took. */
function watchRequests() {
  const longest = [];
  // By the length of the text, in MiB.
  const looks = [];
  const Real = XMLHttpRequest;
  globalThis.XMLHttpRequest = class extends Real {
    #number = longest.push(0) - 1;
    get responseText() {
      const began = performance.now();
      const text = super.responseText;
      const { length } = text;
      const look = (looks[Math.floor(length / MIB)] ??= { count: 0, ms: 0 });
      look.count++;
      look.ms += performance.now() - began;
      longest[this.#number] = Math.max(longest[this.#number], length);
      return text;
    }
  };
  return { longest, looks };
}

/** Each event once and in order, and no request brought more than the limit. */
async function resumedAtLimit(events, limit, options) {
  const { longest, looks } = watchRequests();
  const brought = [0];
  const onAttempt = () => brought.push(s.stats.bytes);
  const asked = `${upstream}/chat?events=${events}&ids=1&interval_ms=0`;
  // WebKit's XMLHttpRequest takes longer for each piece the more came before it, also if nobody looks: 6.7 s for 20,000 pieces of 200 bytes,
  // 0.1 s for as much in pieces of 16 KiB.
  const url = engine === "webkit" && longRun ? `/joined?from=${encodeURIComponent(asked)}` : asked;
  const s = inJs.stream(url, { retryDelay: 10, ...options, onAttempt: ({ attempt }) => attempt > 1 && onAttempt() });
  let [expected, most] = [1, 0];
  const times = [];
  const before = await host("memory");
  const began = performance.now();
  for await (const batch of s.batches()) {
    for (const { id } of batch) if (id !== String(expected++)) throw new Error(`event ${id} where ${expected - 1} must be`);
    most = Math.max(most, batch.length);
    if (expected > 20_000 * (times.length + 1)) times.push(Math.round(performance.now() - began));
  }
  const ms = Math.round(performance.now() - began);
  const { outcome, attempts, bytes } = await s.outcome;
  brought.push(bytes);
  const each = brought.slice(1).map((now, index) => now - brought[index]);
  equal([outcome, s.stats.transport, attempts], ["complete", "xhr", longest.length]);
  // One more that says how it finished.
  ok(expected - 1 >= events, `${expected - 1} events`);
  ok(each.every((bytes) => bytes <= limit) && each.slice(0, -1).every((bytes) => bytes === limit), `bytes of the requests: ${each}`);
  const looked = looks.flatMap((look, mib) => (look ? [`${mib}: ${look.count} of ${(look.ms / look.count).toFixed(2)} ms`] : []));
  return [
    `${expected - 1} events in ${attempts} requests, ${ms} ms; bytes taken of each: ${each}; longest texts: ${longest}`,
    `most events at once: ${most}; ms at each 20,000: ${times}`,
    `looks at a text of so many MiB: ${looked.join(", ")}`,
    memory(before, await host("memory")),
  ].join("\n");
}

/** What the page's process held before, and at its peak. */
function memory(before, after) {
  const [most] = after.sort((a, b) => b.peak - a.peak);
  if (!most) return "this system does not tell how much memory a process has";
  const { rss = 0 } = before.find(({ pid }) => pid === most.pid) ?? {};
  const mib = (bytes) => Math.round(bytes / MIB);
  return `the page's process: ${mib(rss)} MiB before, ${mib(most.peak)} MiB at its peak, ${mib(most.rss)} MiB after`;
}

export const tests = {
  async "XHR: the same as over fetch"() {
    for (const [what, replies, options] of ROWS) {
      // A browser may itself repeat a request that was closed without an answer, if its connection had served another one.
      const mayBeRepeated = replies.some(({ end }) => end === "refuse");
      const over = async (more) => {
        const { url, requests } = script(replies);
        const { attempts, ...rest } = await read(url, { ...options, ...more });
        return mayBeRepeated ? rest : { ...rest, attempts, requests: (await requests()).length };
      };
      const [have, want] = [await over({ fetch: xhr }), await over({})];
      equal(have, want, what);
    }
  },

  async "XHR: chosen where fetch gives no body, and only there"() {
    const url = `${upstream}/chat?interval_ms=0&events=5`;
    const [before, forced] = [inJs.stream(url), stream(url, { fetch: xhr })];
    equal([before.stats.transport, forced.stats.transport], ["fetch", "xhr"]);
    equal([(await before.drain()).events, (await forced.drain()).events], [7, 7]);
    takeBodiesAway();
    const { longest } = watchRequests();
    for (const options of [{}, { method: "POST", json: { prompt: "why" } }]) {
      const s = inJs.stream(url, options);
      const { items, outcome } = await take(s);
      equal([outcome.outcome, items.length, s.stats.transport], ["complete", 7, "xhr"]);
    }
    const client = inJs.createClient({ baseUrl: upstream });
    equal((await client.stream("/chat?interval_ms=0&events=5").drain()).events, 7);
    equal(longest.length, 3);
  },

  async "XHR: not chosen, the error names it"() {
    takeBodiesAway();
    const { error } = await take(stream(`${upstream}/chat?interval_ms=0&events=5`));
    ok(error instanceof TidewireError && error.code === "usage", error);
    for (const words of ["tidewire/js", "tidewire/xhr", "XMLHttpRequest"]) ok(error.message.includes(words), error.message);
  },

  async "XHR: a POST is sent once"() {
    takeBodiesAway();
    const answer = { parts: ["data: a\n\ndata: [DONE]\n\n"] };
    const { url, requests } = script([answer]);
    equal((await inJs.stream(url, { json: { a: "\u4e16" } }).drain()).outcome, "complete");
    const [{ method, body, headers }, ...more] = await requests();
    equal([method, body, headers["content-type"].split(";")[0], more.length], ["POST", '{"a":"\u4e16"}', "application/json", 0]);
    const broken = script([CUT, answer]);
    const { outcome } = await inJs.stream(broken.url, { json: {}, retryDelay: 1 }).drain();
    equal([outcome, (await broken.requests()).length], ["truncated", 1]);
  },

  async "XHR: a fetch that hides its body is found out without a second POST"() {
    const real = globalThis.fetch;
    const asked = [];
    globalThis.fetch = async (...given) => {
      const { status, headers } = await real(...given);
      asked.push(status);
      return { status, headers, text: async () => "" };
    };
    const { url, requests } = script([{ parts: ["data: a\n\ndata: [DONE]\n\n"] }]);
    const post = inJs.stream(url, { json: {} });
    const { error } = await take(post);
    ok(error.code === "usage" && error.message.includes("XMLHttpRequest"), error);
    const later = inJs.stream(url, { json: {} });
    equal([(await later.drain()).outcome, later.stats.transport, asked.length], ["complete", "xhr", 1]);
    globalThis.fetch = real;
    equal((await requests()).length, 2);
  },

  async "XHR: events arrive as they are sent"() {
    takeBodiesAway();
    const { url } = script([{ parts: ["data: 1\n\n", { wait: 1000 }, "data: 2\n\n", { wait: 1000 }, "data: 3\n\n"] }]);
    const s = inJs.stream(url);
    await s.next();
    const first = performance.now();
    await s.next();
    const between = performance.now() - first;
    ok(between > 500 && between < 1800, `${between} ms`);
    s.close();
  },

  async "XHR: cuts are resumed, each event once"() {
    takeBodiesAway();
    const s = inJs.stream(`${upstream}/flaky?interval_ms=10&key=xhr-${engine}`, { retryDelay: 1 });
    const { items, outcome } = await take(s);
    equal(outcome.outcome, "complete");
    ok(outcome.attempts > 3, `${outcome.attempts} attempts`);
    equal(items.map(({ id }) => Number(id)), items.map((_, index) => index + 1));
  },

  async "XHR: every byte in a chunk of its own, failures, refusals"() {
    takeBodiesAway();
    const get = (path, options) => inJs.stream(`${upstream}/${path}`, { retryAttempts: 0, ...options });
    equal((await get("split?interval_ms=0&events=20").drain()).outcome, "complete");
    equal((await get("glued?interval_ms=0").drain()).outcome, "complete");
    equal((await get("midstream-error?interval_ms=5").drain()).outcome, "failed");
    equal((await get("truncate?interval_ms=5").drain()).outcome, "truncated");
    equal((await get("gone").drain()).outcome, "ended");
    const refused = await get("auth").drain();
    equal([refused.outcome, refused.status], ["refused", 401]);
    equal((await get("html").drain()).outcome, "refused");
    const none = await inJs.stream(`${down}/x`, { retryAttempts: 0 }).drain();
    equal([none.outcome, /CORS/.test(none.error)], ["unreachable", true], none.error);
    // Led to the page's own origin and to another.
    for (const origin of [location.origin, other]) {
      const target = script([{ parts: ["data: a\n\n"] }], origin);
      const led = script([{ status: 307, headers: { location: target.url } }]);
      equal([(await inJs.stream(led.url).drain()).events, (await target.requests()).length], [1, 1]);
    }
  },

  async "XHR: models' replies"() {
    takeBodiesAway();
    for (const dialect of ["openai-chat", "anthropic", "gemini", "ollama"]) {
      const reply = llmInJs.deltas(`${upstream}/llm?dialect=${dialect}&interval_ms=0`, { dialect, json: {} });
      const { text, toolCalls } = await reply.whole();
      equal([toolCalls.length, reply.stats.transport], [2, "xhr"]);
      ok(text.endsWith("18 °C.\n\n海面很平静，适合游泳。"), text);
    }
  },

  async "XHR: aborts, breaks and limits end the request"() {
    takeBodiesAway();
    const SLOW = [{ parts: ["data: 1\n\n", { wait: 1000 }, "data: 2\n\n"], end: "stays" }];
    const ended = async (requests, what) => {
      await until(async () => (await requests()).every(({ ended }) => ended), what);
      const [{ ended, endedMs }] = await requests();
      ok(ended === "closed" && endedMs < 1000, `${what}: ${ended} after ${endedMs} ms`);
    };
    const aborted = script(SLOW);
    const abort = new AbortController();
    const s = inJs.stream(aborted.url, { signal: abort.signal });
    await s.next();
    const next = s.next();
    abort.abort(new Error("enough"));
    equal([await next.catch(({ message }) => message), (await s.outcome).outcome], ["enough", "cancelled"]);
    await ended(aborted.requests, "abort");
    const broken = script(SLOW);
    for await (const _ of inJs.stream(broken.url)) break;
    await ended(broken.requests, "break");
    for (const [name, options, replies] of [
      ["first_event", { firstEventTimeout: 100 }, [{ end: "none" }]],
      ["idle", { idleTimeout: 200 }, SLOW],
      ["total", { timeout: 300 }, SLOW],
    ]) {
      const { url, requests } = script(replies);
      const { error } = await take(inJs.stream(url, { ...options, retryAttempts: 0 }));
      equal([error.code, error.timeout], ["timed_out", name]);
      await ended(requests, name);
    }
  },

  async "XHR: resumed at its limit, each event once"() {
    takeBodiesAway();
    return resumedAtLimit(5000, 200_000, { fetch: fetchOverXhr(200_000) });
  },

  async "XHR: at 16 MiB"() {
    takeBodiesAway();
    if (!longRun) return "a long run: TIDEWIRE_XHR_EVENTS=100000";
    return resumedAtLimit(longRun, 16 * MIB, {});
  },

  async "XHR: unreadable where nothing resumes it"() {
    takeBodiesAway();
    const limit = 50_000;
    const url = `${upstream}/chat?events=2000&interval_ms=0`;
    for (const [path, options] of [["&ids=1", { method: "POST", json: {} }], ["&ids=1", { resume: "never" }], ["", {}]]) {
      const s = inJs.stream(url + path, { ...options, fetch: fetchOverXhr(limit), retryDelay: 1 });
      const { error, items, outcome } = await take(s);
      equal([outcome.outcome, outcome.limit, outcome.bytes, outcome.attempts], ["unreadable", limit, limit, 1]);
      equal([error.code, error.limit, outcome.events], ["unreadable", limit, items.length]);
    }
  },

  async "XHR: paused, it takes no more than its limit"() {
    takeBodiesAway();
    const { longest } = watchRequests();
    const limit = 1_000_000;
    const s = inJs.stream(`${upstream}/endless`, { fetch: fetchOverXhr(limit), retryAttempts: 0 });
    await s.next();
    s.pause();
    await sleep(1500);
    const [held, { bytes }] = [longest[0], s.stats];
    await sleep(500);
    equal([longest[0], s.stats.bytes], [held, bytes], "nothing comes any more");
    ok(bytes <= limit && held > limit, `${bytes} of ${held}`);
    s.resume();
    const { outcome } = await take(s);
    equal([outcome.outcome, outcome.bytes, longest.length], ["unreadable", limit, 1]);
  },

  async "XHR: EventSource"() {
    takeBodiesAway();
    for (const row of SOURCES) {
      if (row[0].includes("UTF-8") && engine === "webkit") continue;
      const { seen } = await watch(inJs.EventSource, row);
      equal(seen, row[2], row[0]);
    }
  },

  async "XHR: another origin, and cookies"() {
    takeBodiesAway();
    const { url, preflights } = script([{ parts: ["data: [DONE]\n\n"] }], other);
    equal((await inJs.stream(url).drain()).outcome, "complete");
    equal((await preflights()).length, 0);
    document.cookie = "tide=high; path=/";
    for (const [credentials, origin, want] of [["same-origin", location.origin, "tide=high"], ["include", location.origin, "tide=high"], ["same-origin", other, "none"]]) {
      const replies = [{ parts: [{ echo: "cookie" }, "data: [DONE]\n\n"] }];
      const { items } = await take(inJs.stream(script(replies, origin).url, { credentials }));
      equal(items.map(({ data }) => data), [want], `${credentials} ${origin}`);
    }
  },
};
