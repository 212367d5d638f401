// The tests, by their names. Each runs in a page of its own.
import { TidewireError, parse, stream } from "../dist/index.js";
import { EventSource } from "../dist/eventsource.js";
import * as inJs from "../dist/js.js";
import * as llmInJs from "../dist/llm-js.js";
import * as llm from "../dist/llm.js";
import { SOURCES, watch } from "./sources.mjs";
import { down, engine, equal, host, ok, other, script, sleep, take, until, upstream } from "./tools.mjs";

const SLOW = [{ parts: ["data: 1\n\n", { wait: 1000 }, "data: 2\n\n", { wait: 1000 }, "data: 3\n\n"], end: "none of its own" }];

/**
 * Inside a record, for WebKitGTK takes a chunked body that breaks off for one that has ended. What a page has not read when its body breaks
 * is dropped by the browser, so there is time to read it.
 */
const CUT = { parts: ["id: 1\ndata: a\n\ndata: half", { wait: 100 }], end: "cut" };

/** The server saw the end of the request before its next write, 1 s after the one before. */
async function endsInTime(requests) {
  await until(async () => (await requests())[0].ended);
  const [{ ended, endedMs }] = await requests();
  equal(ended, "closed");
  ok(endedMs < 1000, `${endedMs} ms`);
}

/** Says that the page is hidden for a second. */
async function pretend() {
  for (const isHidden of [true, false]) {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    await sleep(1000);
  }
}

export const tests = {
  async stream() {
    for (const options of [{}, { method: "POST", json: { prompt: "why" } }]) {
      const { items, outcome } = await take(stream(`${upstream}/chat?interval_ms=0&events=5`, options));
      equal([outcome.outcome, items.length], ["complete", 7]);
    }
    const { items } = await take(stream(`${upstream}/ndjson?interval_ms=0&events=4`));
    equal([items.length, items[0].type, items.at(-1).value.done], [5, "record", true]);
    const reply = await take(parse(await fetch(`${upstream}/chat?interval_ms=0&events=5`)));
    equal([reply.outcome.outcome, reply.items.length], ["complete", 7]);
  },

  async "events arrive as they are sent"() {
    const { url } = script(SLOW);
    const s = stream(url);
    await s.next();
    const first = performance.now();
    await s.next();
    const between = performance.now() - first;
    ok(between > 500 && between < 2500, `${between} ms`);
    s.close();
  },

  async "cuts are resumed, each event once"() {
    // At a pace: what comes together with the break, Chromium's fetch shows to nobody.
    const s = stream(`${upstream}/flaky?interval_ms=10&key=${engine}`, { retryDelay: 1 });
    const { items, outcome } = await take(s);
    equal(outcome.outcome, "complete");
    ok(outcome.attempts > 3, `${outcome.attempts} attempts`);
    equal(items.map(({ id }) => Number(id)), items.map((_, index) => index + 1));
  },

  async "models' replies, in every dialect"() {
    const words = "openai-chat openai-responses anthropic gemini ollama cohere mistral bedrock-json vercel-ui ag-ui";
    for (const { deltas } of [llm, llmInJs]) {
      for (const dialect of words.split(" ")) {
        const url = `${upstream}/llm?dialect=${dialect}&interval_ms=0`;
        for (const asked of [dialect, "auto"]) {
          const { text, reasoning, toolCalls, dialect: read } = await deltas(url, { dialect: asked }).whole();
          // Whose first record is no other than OpenAI's.
          const known = asked === "auto" && dialect === "mistral" ? "openai-chat" : dialect;
          equal([read, toolCalls.length, toolCalls[0].arguments.days, toolCalls[1].arguments.at], [known, 2, 3, ["06:10", "18:35"]]);
          ok(text.endsWith("18 °C.\n\n海面很平静，适合游泳。") && reasoning.endsWith("the tide."), `${dialect}: ${text} ${reasoning}`);
        }
        for (const [how, outcome] of [["unfinished", "truncated"], ["error", "failed"]]) {
          const reply = deltas(`${url}&${how}=1`, { dialect, method: "POST", json: {} });
          equal([(await reply.drain()).outcome, await reply.message.catch(({ code }) => code)], [outcome, outcome], `${dialect}, ${how}`);
        }
      }
    }
  },

  async abort() {
    const { url, requests } = script(SLOW);
    const abort = new AbortController();
    const s = stream(url, { signal: abort.signal });
    await s.next();
    const next = s.next();
    abort.abort(new Error("enough"));
    equal(await next.catch(({ message }) => message), "enough");
    equal((await s.outcome).outcome, "cancelled");
    await endsInTime(requests);
  },

  async break() {
    const { url, requests } = script(SLOW);
    for await (const _ of stream(url)) break;
    await endsInTime(requests);
  },

  async timeouts() {
    const { url, requests } = script([{ end: "none" }, { parts: ["data: a\n\n"], end: "stays" }]);
    const first = await take(stream(url, { firstEventTimeout: 100, retryAttempts: 0 }));
    equal([first.error.code, first.error.timeout], ["timed_out", "first_event"]);
    const idle = await take(stream(url, { idleTimeout: 100, retryAttempts: 0 }));
    equal([idle.items.length, idle.error.code, idle.error.timeout], [1, "timed_out", "idle"]);
    await until(async () => (await requests()).every(({ ended }) => ended));
  },

  async "nothing is pulled that nobody asks for"() {
    const s = stream(`${upstream}/endless`);
    await s.next();
    await sleep(200);
    const { bytes } = s.stats;
    await sleep(300);
    equal(s.stats.bytes, bytes);
    s.close();
  },

  async "EventSource"() {
    for (const row of SOURCES) {
      // WebKitGTK encodes the bytes of a header that fetch is given once more.
      if (engine === "webkit" && row[0].includes("UTF-8")) continue;
      const { seen } = await watch(EventSource, row);
      equal(seen, row[2], row[0]);
    }
  },

  async "EventSource as the browser's own"() {
    if (engine !== "chromium") return "Chromium's is the oracle";
    for (const row of SOURCES) equal(await watch(EventSource, row), await watch(globalThis.EventSource, row), row[0]);
    for (const url of ["ftp://127.0.0.1/", "mailto:a@b", "javascript:1", "about:blank"]) {
      const states = [];
      for (const Class of [EventSource, globalThis.EventSource]) {
        const source = new Class(url);
        await new Promise((resolve) => (source.onerror = resolve));
        states.push([source.url, source.readyState]);
      }
      equal(states[0], states[1]);
    }
    for (const url of ["http://this is no host/", "http://:80"]) {
      const thrown = [EventSource, globalThis.EventSource].map((Class) => {
        try {
          return new Class(url).url;
        } catch ({ name }) {
          return name;
        }
      });
      equal(thrown[0], thrown[1], url);
    }
    for (const url of ["relative", "/absolute", "?query"]) {
      const [ours, own] = [EventSource, globalThis.EventSource].map((Class) => new Class(url));
      equal(ours.url, own.url);
      for (const source of [ours, own]) source.close();
    }
    const names = (Class) => ["CONNECTING", "OPEN", "CLOSED"].map((name) => [Class[name], Class.prototype[name]]);
    equal(names(EventSource), names(globalThis.EventSource));
    equal(Object.prototype.toString.call(EventSource.prototype), Object.prototype.toString.call(globalThis.EventSource.prototype));
  },

  async "EventSource sends what the browser's own sends"() {
    const { url, requests } = script([{ parts: ["retry: 1\nid: 1\n\n"] }, { status: 204 }]);
    for (const Class of [EventSource, globalThis.EventSource]) {
      const source = new Class(url);
      await until(() => source.readyState === 2);
      if (Class === EventSource) await sleep(0);
    }
    const seen = (await requests()).map(({ headers }) => [headers.accept, headers["cache-control"], headers["last-event-id"]]);
    equal(seen[0], ["text/event-stream", seen[2]?.[1] ?? "no-cache", undefined]);
    equal(seen[1][2], "1");
  },

  async "EventSource at another origin that CORS does not allow"() {
    const allowed = { parts: ["retry: 100\n\ndata: a\n\n"] };
    const refused = { headers: { "access-control-allow-origin": "http://elsewhere.invalid" }, parts: ["data: a\n\n"], end: "stays" };
    /** The ready states at the errors of a source, in so many milliseconds. */
    const errors = async (source, ms) => {
      const states = [];
      source.addEventListener("error", () => states.push(source.readyState));
      await sleep(ms);
      source.close();
      return states;
    };
    // Refused at once, as in the platform's own class; one request more tells that the server is there.
    const [ours, own] = [script([refused], other), script([refused], other)];
    equal(await errors(new EventSource(ours.url, { retryDelay: 100 }), 1000), [2]);
    equal(await errors(new globalThis.EventSource(own.url), 1000), [2]);
    const seen = (await ours.requests()).map(({ method, headers }) => [method, headers["sec-fetch-mode"] ?? "unknown"]);
    equal(seen.map(([method]) => method), ["GET", "GET"]);
    ok(["no-cors", "unknown"].includes(seen[1][1]), seen);
    // The same behind a preflight.
    const posted = script([refused], other);
    equal(await errors(new EventSource(posted.url, { retryDelay: 100, json: {}, headers: { "x-not-allowed": "1" } }), 1000), [2]);
    equal((await posted.requests()).map(({ method }) => method), ["GET"]);
    // And behind a redirect from here.
    const led = script([{ status: 307, headers: { location: script([refused], other).url } }]);
    equal(await errors(new EventSource(led.url, { retryDelay: 100 }), 1000), [2]);
    // A network that is down is tried again.
    const states = await errors(new EventSource(`${down}/x`, { retryDelay: 100 }), 2000);
    ok(states.length >= 2 && states.every((state) => state === 0), states);
    // Firefox's own gives up at once, which the standard allows and the others do not do.
    equal((await errors(new globalThis.EventSource(`${down}/x`), 1500)).slice(0, 1), [engine === "firefox" ? 2 : 0]);
    // So is an origin that has answered.
    const flaky = script([allowed, refused], other);
    const later = await errors(new EventSource(flaky.url), 1500);
    ok(later.length >= 2 && later.every((state) => state === 0), later);
    ok((await flaky.requests()).every(({ headers }) => headers["sec-fetch-mode"] !== "no-cors"), "no question is asked");
  },

  async "EventSource takes the URLs that the browser's own takes"() {
    const urls = ["http://a b/", "http://[::1", "http://256.1.1.1/", "http://1.2.3.4.5/", "http://:80", "http://", "https://%00/", "http://a:99999/", "http://a<b/", "http://a^b/", "http://%zz/", "http://xn--a/", "http://\u00ad/", "http://a%b/", "//", "http:/x", "http:x", "?q", "", "#f"];
    for (const url of urls) {
      const [ours, own] = [EventSource, globalThis.EventSource].map((Class) => {
        try {
          const source = new Class(url);
          source.close();
          return source.url;
        } catch ({ name }) {
          return name;
        }
      });
      equal(ours, own, JSON.stringify(url));
    }
  },

  async "an EventSource whose `retry` no timer takes"() {
    for (const retry of ["2147483648", "4294967297", "18446744073709551615"]) {
      const { url, requests } = script([{ parts: [`retry: ${retry}\ndata: a\n\n`] }]);
      const source = new EventSource(url);
      await sleep(500);
      source.close();
      equal((await requests()).length, 1, retry);
    }
    const { url, requests } = script([{ parts: ["retry: 0\n\n"] }]);
    const source = new EventSource(url);
    await sleep(1000);
    source.close();
    ok((await requests()).length <= 11, "at most one in 100 ms");
  },

  async "another origin that allows Content-Type and Authorization only"() {
    const { url, requests, preflights } = script([CUT, { parts: ["data: b\n\ndata: [DONE]\n\n"] }], other);
    // A plain GET asks for no preflight.
    const cut = await take(stream(url, { retryDelay: 1, retryAttempts: 1 }));
    equal([(await requests()).length, cut.items.length], [1, 1]);
    // The cursor as a header is refused there, and the error says what may be the reason.
    ok(["truncated", "unreachable"].includes(cut.error.code) && /CORS/.test(cut.error.message), `${cut.error.code}: ${cut.error.message}`);
    const again = script([CUT, { parts: ["data: b\n\ndata: [DONE]\n\n"] }], other);
    const resumed = await take(stream(again.url, { retryDelay: 1, resume: (cursor) => ({ url: `${again.url}&cursor=${cursor}` }) }));
    equal([resumed.outcome.outcome, resumed.items.length], ["complete", 2]);
    equal((await again.preflights()).length, 0);
    const posted = script([{ parts: ["data: [DONE]\n\n"] }], other);
    const { outcome } = await take(stream(posted.url, { json: { a: 1 }, headers: { authorization: "Bearer x" } }));
    equal(outcome.outcome, "complete");
    const [{ headers }] = await posted.preflights();
    equal(headers["access-control-request-headers"].split(/, ?/).sort(), ["authorization", "content-type"]);
    equal((await preflights()).length > 0, true);
  },

  async "a worker"() {
    const worker = new Worker(`worker.mjs${location.search}&worker=1`, { type: "module" });
    const { data } = await new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    worker.terminate();
    equal(data, { outcome: "complete", items: 3, source: ["open 1", "message 1 a ", "error 0", "error 2"] });
  },

  async "a page whose policy forbids to compile"() {
    let refused;
    try {
      stream("/");
    } catch (error) {
      refused = error;
    }
    ok(refused instanceof TidewireError && refused.code === "usage", refused);
    for (const words of ["tidewire/js", "tidewire/slim"]) ok(refused.message.includes(words), refused.message);
    const { items, outcome } = await take(inJs.stream(`${upstream}/chat?interval_ms=0&events=5`));
    equal([outcome.outcome, items.length], ["complete", 7]);
    const { seen } = await watch(inJs.EventSource, SOURCES[0]);
    equal(seen, SOURCES[0][2]);
  },

  async "a hidden page is left alone, and goes on"() {
    const steps = Array.from({ length: 12 }, (_, index) => [`data: ${index}\n\n`, { wait: 250 }]).flat();
    const { url, requests } = script([{ parts: [...steps, "data: [DONE]\n\n"] }]);
    const s = stream(url, { json: {}, idleTimeout: 1500 });
    await s.next();
    const states = [];
    document.addEventListener("visibilitychange", () => states.push(document.visibilityState));
    const rest = take(s);
    const isReal = await host("hide", 2000);
    if (!isReal) await pretend();
    const { outcome, items } = await rest;
    equal([outcome.outcome, items.length, (await requests()).length], ["complete", 11, 1]);
    if (!isReal) return "this driver cannot hide a page; it was told so";
    await until(() => states.length === 2, `hidden and shown: ${states}`);
    equal(states, ["hidden", "visible"]);
  },

  async "a page that was frozen for longer than its limit"() {
    const steps = Array.from({ length: 16 }, (_, index) => [`data: ${index}\n\n`, { wait: 250 }]).flat();
    const { url, requests } = script([{ parts: [...steps, "data: [DONE]\n\n"] }]);
    const s = stream(url, { json: {}, idleTimeout: 1900, retryAttempts: 0 });
    await s.next();
    const rest = take(s);
    const isReal = await host("freeze", 2500);
    if (!isReal) {
      s.close();
      return "this driver cannot freeze a page";
    }
    const { outcome, items } = await rest;
    equal([outcome.outcome, items.length, (await requests()).length], ["complete", 15, 1]);
  },

  async "offline and online again"() {
    const { url, requests } = script([CUT, { parts: ["data: b\n\ndata: [DONE]\n\n"] }]);
    const s = stream(url, { retryDelay: 30_000 });
    const taken = take(s);
    await until(() => s.state === "waiting");
    const isReal = await host("offline", 500);
    if (!isReal) dispatchEvent(new Event("online"));
    const began = performance.now();
    const { outcome, items } = await taken;
    equal([outcome.outcome, items.length, (await requests()).length], ["complete", 2, 2]);
    ok(performance.now() - began < 3000, "at once");
    if (!isReal) return "the network was there all the time; the event alone was sent";
  },
};
