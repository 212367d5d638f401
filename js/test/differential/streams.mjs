// Whole streams: what a case says is done to a stream of one build, and everything that it shows is noted.
import { settle } from "./clock.mjs";
import { describe, show } from "./describe.mjs";
import { MOST_REQUESTS, Network } from "./network.mjs";
import { Page } from "./page.mjs";
import { watchUnhandled } from "./unhandled.mjs";

const URL_ = "http://a.invalid/chat";
/** A stream that is over says nothing new. */
const STEPS_AFTER_END = 2;
/** After the steps: so many more timers, until it is closed. */
const LAST_TIMERS = 40;
const LAST_ITEMS = 3000;

/** What a stream of one build does in this case. */
export async function runStream(build, made, clock) {
  const log = [];
  const say = (line) => log.push(line);
  const stopWatching = watchUnhandled(say);
  clock.reset(made.chance ?? 0, made.now ?? 0);
  const network = new Network(made.answers ?? [], clock, say);
  const page = made.page ? new Page(clock) : undefined;
  page?.install();
  try {
    const abort = new AbortController();
    const held = { stream: undefined };
    const options = { ...optionsOf(made.options ?? {}, network, clock, say, abort), ...hooksOf(made.hooks ?? {}, held, abort, say) };
    let stream;
    try {
      stream = held.stream = open(build, made, options, network, clock);
    } catch (error) {
      say(`not made: ${describe(error)}`);
      return log;
    }
    stream.outcome.then((outcome) => say(`outcome: ${show(outcome)}`), (error) => say(`outcome rejected: ${describe(error)}`));
    const caller = new Caller(stream, abort, clock, page, say);
    let left = STEPS_AFTER_END;
    for (const step of made.steps ?? []) {
      if (stream.state === "closed" && left-- === 0) break;
      say(`> ${step}`);
      await caller.does(step);
      await settle();
      caller.look();
    }
    await caller.finish();
  } catch (error) {
    // A core that broke down.
    say(`broke: ${describe(error)}`);
  } finally {
    page?.uninstall();
    stopWatching();
  }
  return log;
}

function open(build, { parse, client, options: { url } = {}, answers }, options, network, clock) {
  if (parse) {
    const answer = answers?.[0] ?? {};
    return build.parse(parse === "body" && answer.body !== "none" ? network.body(answer) : network.response(answer), options);
  }
  const input = {
    function: ({ attempt }) => `${URL_}?attempt=${attempt}`,
    request: new Request(`${URL_}?own`, { headers: { "x-own": "1" } }),
    relative: "/chat",
  };
  const given = input[url] ?? url ?? URL_;
  if (client === undefined) return build.stream(given, options);
  const { holds, ...shared } = client;
  const streams = build.createClient(shared);
  if (holds !== undefined) {
    // It keeps its slot for so long.
    const holder = streams.stream("/hold", { fetch: () => new Promise(() => {}) });
    holder.next().catch(() => {});
    clock.after(holds, () => holder.close());
  }
  return streams.stream(given, options);
}

function optionsOf({ url: _, ...options }, network, clock, say, abort) {
  if (options.fetch === undefined) options.fetch = network.fetch;
  if (options.signal === "aborted") abort.abort(new Error("aborted before"));
  if (options.signal !== undefined) options.signal = abort.signal;
  const later = (value) => new Promise((resolve) => clock.after(25, () => resolve(value)));
  if (typeof options.resume === "object") {
    const { throws, ...onward } = options.resume;
    options.resume = (cursor) => {
      say(`resume after ${cursor}`);
      if (throws) throw new Error("no resume");
      return onward;
    };
  }
  const fail = () => {
    throw new Error("no login");
  };
  const ways = { done: () => {}, later: () => later(), throws: fail, rejects: async () => fail(), never: () => new Promise(() => {}) };
  const renew = ways[options.refresh];
  if (renew) {
    options.refresh = (attempt) => {
      say(`refresh ${show(attempt)}`);
      return renew();
    };
  }
  if (typeof options.headers === "string") {
    const way = options.headers;
    let calls = 0;
    options.headers = ({ attempt, method, url, headers, body }) => {
      if (++calls > MOST_REQUESTS) return new Promise(() => {});
      say(`headers ${attempt} ${method} ${url} ${[...headers]} ${show(body)}`);
      if (way === "rejects") return Promise.reject(new Error("no headers"));
      const given = { "x-attempt": String(attempt) };
      return way === "later" ? later(given) : given;
    };
  }
  if (options.body === "function") options.body = ({ attempt }) => `body ${attempt}`;
  if (options.body === "stream") options.body = new ReadableStream({ start: (controller) => controller.close() });
  return options;
}

function hooksOf(hooks, held, abort, say) {
  const made = {};
  for (const [hook, { at, do: what }] of Object.entries(hooks)) {
    let calls = 0;
    made[hook] = (...given) => {
      say(`${hook} ${show(given)}`);
      if (calls++ !== at) return;
      if (what === "throw") throw new Error(`${hook} threw`);
      const { stream } = held;
      if (what === "abort") abort.abort(new Error(`aborted by ${hook}`));
      else if (what === "next") {
        const threw = (error) => say(`next of ${hook} threw ${describe(error)}`);
        stream.next().then((next) => say(`next of ${hook}: ${show(next)}`), threw);
      }
      else stream?.[what]?.();
    };
  }
  return made;
}

/** Who reads the stream. */
class Caller {
  #stream;
  #abort;
  #clock;
  #page;
  #say;
  #calls = 0;
  #shown = "";

  constructor(stream, abort, clock, page, say) {
    this.#stream = stream;
    this.#abort = abort;
    this.#clock = clock;
    this.#page = page;
    this.#say = say;
  }

  async does([what, given]) {
    const stream = this.#stream;
    try {
      if (what === "next") for (let count = 0; count < given; count++) void this.#next();
      else if (what === "read") void this.#read(given);
      else if (what === "loop") void this.#loop(stream, given, "loop");
      else if (what === "batches") void this.#loop(stream.batches(), given, "batches");
      else if (what === "drain") this.#note("drain", stream.drain());
      else if (what === "return") this.#note("return", stream.return());
      else if (what === "abort") this.#abort.abort(new Error("aborted"));
      else if (what === "page") this.#page?.does(given);
      else if (what === "wait") await this.#clock.advance(given);
      else if (what === "timer") await this.#toNextTimer();
      else if (what === "sleep") this.#clock.sleep(given);
      else stream[what](given ?? undefined);
    } catch (error) {
      this.#say(`${what} threw ${describe(error)}`);
    }
  }

  /** Reads to the end, if there is one; otherwise closes the stream. */
  async finish() {
    const stream = this.#stream;
    stream.resume();
    void this.#read(LAST_ITEMS);
    await settle();
    this.look();
    for (let timers = 0; timers < LAST_TIMERS && stream.state !== "closed"; timers++) {
      if (!(await this.#toNextTimer())) break;
      this.look();
    }
    if (stream.state !== "closed") {
      this.#say("> closed at last");
      await this.does(["close"]);
      await settle();
    }
    void this.#next();
    await settle();
    this.look();
  }

  /** What can be asked at any time, when it differs from before. */
  look() {
    const stream = this.#stream;
    let shown;
    try {
      shown = `${stream.state} ${show(stream.stats)} after ${show(stream.lastEventId)} at ${this.#clock.now}`;
    } catch (error) {
      shown = `threw ${describe(error)}`;
    }
    if (shown !== this.#shown) this.#say(shown);
    this.#shown = shown;
    this.#say(`due: ${this.#clock.due}`);
  }

  async #toNextTimer() {
    const ms = this.#clock.next - this.#clock.now;
    if (ms === Infinity) return false;
    await this.#clock.advance(Math.max(0, ms));
    return true;
  }

  #note(name, promise) {
    const number = ++this.#calls;
    return promise.then(
      (value) => {
        this.#say(`${name} ${number}: ${show(value)}`);
        return value;
      },
      (error) => this.#say(`${name} ${number} threw ${describe(error)}`),
    );
  }

  #next() {
    return this.#note("next", this.#stream.next());
  }

  async #read(most) {
    for (let count = 0; count < most; count++) {
      const next = await this.#next();
      if (next === undefined || next.done) return;
    }
  }

  async #loop(from, most, name) {
    const number = ++this.#calls;
    try {
      for await (const one of from) {
        this.#say(`${name} ${number}: ${show(one)}`);
        if (--most <= 0) break;
      }
      this.#say(`${name} ${number} is over`);
    } catch (error) {
      this.#say(`${name} ${number} threw ${describe(error)}`);
    }
  }
}
