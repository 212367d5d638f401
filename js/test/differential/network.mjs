// A `fetch` that plays the answers of a case, in virtual time, and notes what it is asked.
import { show } from "./describe.mjs";

/** A stream that reconnects without end is told nothing more. */
export const MOST_REQUESTS = 25;

const bytes = (text) => new Uint8Array(Buffer.from(text, "latin1"));

/** `say` takes a line of the log. */
export class Network {
  #answers;
  #clock;
  #say;
  requests = 0;

  constructor(answers, clock, say) {
    this.#answers = answers;
    this.#clock = clock;
    this.#say = say;
  }

  fetch = (input, init = {}) => {
    const number = ++this.requests;
    this.#say(`request ${number}: ${requestOf(input, init)}`);
    const isTooMany = number > MOST_REQUESTS || this.#answers.length === 0;
    const answer = isTooMany ? { fails: "never" } : this.#answers[Math.min(number, this.#answers.length) - 1];
    if (answer.fails === "throws") throw new Error("fetch threw");
    return new Promise((resolve, reject) => {
      const exchange = { fail: reject, isAborted: false };
      init.signal?.addEventListener("abort", () => {
        this.#say(`aborted ${number}`);
        exchange.isAborted = true;
        exchange.fail(new Error("aborted"));
      });
      if (answer.fails === "never") return;
      this.#later(answer.delay, () => {
        if (answer.fails === "error") reject(new TypeError("fetch failed", { cause: new Error("ECONNRESET") }));
        else if (answer.fails === "text") reject("only a text");
        else if (answer.fails === "nothing") resolve(undefined);
        else resolve(this.#response(answer, number, exchange));
      });
    });
  };

  /** The response of an answer; also without a request, for `parse`. */
  response(answer) {
    return this.#response(answer, 0, {});
  }

  /** The body alone. */
  body(answer) {
    return this.#body(answer, 0, {});
  }

  #later(ms, run) {
    if (ms > 0) this.#clock.after(ms, run);
    else run();
  }

  #response(answer, number, exchange) {
    const { status = 200, headers = {} } = answer;
    const isEmpty = [204, 205, 304].includes(status) || answer.body === "none";
    if (answer.body === "real") return new Response(isEmpty ? null : this.#realBody(answer, number, exchange), { status, headers });
    return { status, headers: new Headers(headers), body: isEmpty ? null : this.#body(answer, number, exchange) };
  }

  #body(answer, number, exchange) {
    const progress = { at: 0 };
    const reader = { read: () => this.#read(answer, progress, exchange), cancel: async () => this.#say(`cancelled ${number}`) };
    if (answer.body !== "iterable") return { getReader: () => reader };
    const iterator = { next: reader.read, return: async () => (await reader.cancel(), { done: true }) };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  #realBody(answer, number, exchange) {
    const progress = { at: 0 };
    const pull = async (controller) => {
      const { done, value } = await this.#read(answer, progress, exchange);
      if (done) controller.close();
      else controller.enqueue(value);
    };
    return new ReadableStream({ pull, cancel: () => this.#say(`cancelled ${number}`) }, { highWaterMark: 0 });
  }

  /** One read: the next piece, or how the body ends. */
  #read({ pieces = [], end, endDelay }, progress, exchange) {
    return new Promise((resolve, reject) => {
      exchange.fail = reject;
      if (exchange.isAborted) reject(new Error("aborted"));
      const number = progress.at++;
      if (number < pieces.length) {
        const [delay, text, isText] = pieces[number];
        this.#later(delay, () => resolve({ done: false, value: isText ? text : bytes(text ?? "") }));
      } else {
        this.#later(endDelay, () => {
          if (end === "error") reject(new TypeError("terminated", { cause: new Error("other side closed") }));
          else if (end !== "never") resolve({ done: true, value: undefined });
        });
      }
    });
  }
}

/** What `fetch` looks at besides headers, body and signal. */
const FIELDS = ["cache", "credentials", "integrity", "keepalive", "method", "mode", "priority", "redirect", "referrer", "referrerPolicy"];

/** All of a request that its server or its host would notice. */
function requestOf(input, { headers, body, ...init }) {
  const lines = [...new Headers(headers)].map(([name, value]) => `${name}=${value}`);
  const sent = typeof body === "object" && body !== null && !(body instanceof Uint8Array) ? `${body.constructor.name} ${String(body)}` : show(body);
  const url = input instanceof Request ? `Request ${input.method} ${input.url}` : String(input);
  const how = FIELDS.filter((name) => init[name] !== undefined).map((name) => [name, init[name]]);
  return `${url} [${lines.sort().join("; ")}] ${show(Object.fromEntries(how))} ${sent}`;
}
