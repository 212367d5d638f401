import { LONGEST_TIMER } from "./alarm.js";
import { core } from "./core.js";
import { NUMBER, TidewireError, impossible, usage } from "./error.js";
import type { Head } from "./exchange.js";
import type { Attempt, StreamOptions } from "./options.js";
import { isLimit } from "./outcome.js";
import { absolute, requestTemplate } from "./request.js";
import type { RequestTemplate } from "./request.js";
import { sseReader } from "./sse-reader.js";

/** The standard's options, and what `fetch` can do besides. */
export interface EventSourceOptions
  extends EventSourceInit,
    Pick<StreamOptions, "method" | "headers" | "body" | "json" | "form" | "query" | "fetch" | "lastEventId" | "onAttempt"> {
  /** The wait before connecting again in milliseconds, until the stream sets another; 3000 by default. */
  retryDelay?: number | undefined;
  /** Attempts in a row that may fail before it gives up; without limit by default. */
  retryAttempts?: number | undefined;
}

type Handler<E extends Event> = ((this: globalThis.EventSource, event: E) => unknown) | null;

/** With the types of the standard's events. Where there are no events, this can still be imported. */
const Target = (typeof EventTarget === "undefined" ? Object : EventTarget) as new () => Pick<globalThis.EventSource, "addEventListener" | "removeEventListener" | "dispatchEvent">;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;
const RETRY_DELAY_MS = 3000;
/** No wait of our own choosing is longer. */
const LONGEST_DELAY_MS = 30_000;
/** After a connection that brought nothing no wait is shorter, whatever the server asked for: it would be asked again without pause. */
const SHORTEST_DELAY_MS = 100;
/** How long a server has to answer the request that tells whether it is there. */
const PROBE_MS = 10_000;

/**
 * The class of the WHATWG HTML standard, section 9.2, over `fetch`.
 *
 * `fetch` does not tell a page whether CORS refused a request or the network is down. So if the first request fails, a GET without
 * credentials asks once whether the server is there (`mode: "no-cors"`): if it is, the connection fails for good, as in the platform's class.
 */
export class EventSource extends Target implements globalThis.EventSource {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSED = CLOSED;

  readonly url: string;
  readonly withCredentials: boolean;

  readonly #options: EventSourceOptions;
  /** For the attempt under way and the wait after it. */
  #abort = new AbortController();
  readonly #handlers = new Map<string, unknown>();
  #readyState: number = CONNECTING;
  #lastEventId: string;
  #retryDelay: number;
  /** Whether the present connection delivered an event. */
  #hasDelivered = false;

  /**
   * Connects at once. Throws a `SyntaxError` for what is not a URL, and a `TidewireError` for an option or a request that can never be
   * sent, and if there is no core.
   */
  constructor(url: string | URL, options: EventSourceOptions = {}) {
    super();
    if (!this.dispatchEvent) throw usage("there is no EventTarget here");
    core();
    try {
      this.url = absolute(url).href;
    } catch (error) {
      throw new DOMException((error as TidewireError).message, "SyntaxError");
    }
    const { retryDelay = RETRY_DELAY_MS, retryAttempts = Infinity } = options;
    for (const [key, value] of Object.entries({ retryDelay, retryAttempts })) {
      if (!(value >= 0)) throw impossible(key, value, NUMBER);
    }
    this.withCredentials = !!options.withCredentials;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? "";
    this.#retryDelay = retryDelay;
    // By the standard, a URL that cannot be requested fails after the constructor.
    const template = /^(https?|data|blob):/.test(this.url) ? this.#template(this.url, options) : undefined;
    this.#run(template, retryAttempts).catch((error: unknown) => this.#fail(error));
  }

  get CONNECTING(): typeof CONNECTING {
    return CONNECTING;
  }
  get OPEN(): typeof OPEN {
    return OPEN;
  }
  get CLOSED(): typeof CLOSED {
    return CLOSED;
  }
  get [Symbol.toStringTag](): string {
    return "EventSource";
  }

  get readyState(): number {
    return this.#readyState;
  }

  get onopen(): Handler<Event> {
    return this.#handler("open");
  }
  set onopen(handler: Handler<Event>) {
    this.#handle("open", handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#handler("message");
  }
  set onmessage(handler: Handler<MessageEvent>) {
    this.#handle("message", handler);
  }

  get onerror(): Handler<Event> {
    return this.#handler("error");
  }
  set onerror(handler: Handler<Event>) {
    this.#handle("error", handler);
  }

  close(): void {
    this.#readyState = CLOSED;
    this.#abort.abort();
  }

  #handler<E extends Event>(type: string): Handler<E> {
    return (this.#handlers.get(type) ?? null) as Handler<E>;
  }

  /** What is set again keeps its place among the listeners. */
  #handle(type: string, handler: unknown): void {
    if (typeof handler === "function") {
      this.#handlers.set(type, handler);
      this.addEventListener(type, this.#relay);
    } else {
      this.#handlers.delete(type);
      this.removeEventListener(type, this.#relay);
    }
  }

  #relay = (event: Event): void => {
    this.#handler(event.type)?.call(this, event);
  };

  #template(url: string, options: EventSourceOptions): RequestTemplate {
    return requestTemplate(url, { ...options, credentials: this.withCredentials ? "include" : "same-origin" });
  }

  async #run(template: RequestTemplate | undefined, retryAttempts: number): Promise<void> {
    // Whoever made this sets its handlers first.
    await undefined;
    if (template === undefined) return this.#fail();
    let failures = 0;
    let delayMs = 0;
    let hasAnswered = false;
    for (let number = 1; ; number++) {
      const { signal } = (this.#abort = new AbortController());
      const attempt: Attempt = { attempt: number, delayMs, ...(this.#lastEventId && { cursor: this.#lastEventId }) };
      this.#options.onAttempt?.(attempt);
      let isSent = false;
      this.#hasDelivered = false;
      try {
        const send = await template.prepare(attempt, { accept: "text/event-stream", signal });
        isSent = true;
        const head = await send();
        const { url } = head;
        hasAnswered = true;
        if (!isStream(head)) return this.#fail();
        // The standard's request remembers where it was redirected.
        if (url.href !== template.url?.href && template.idempotent) {
          template = this.#template(url.href, { ...this.#options, query: undefined });
        }
        failures = 0;
        await this.#read(head, url.origin, signal);
      } catch (error) {
        // The caller's mistake, or an event beyond the limit: it would come again.
        if (error instanceof TidewireError && !isLimit(error)) return this.#fail(error);
      }
      if (this.#readyState === CLOSED) return;
      if (++failures > retryAttempts) return this.#fail();
      if (isSent && !hasAnswered && (await isForbidden(this.url, this.#options.fetch ?? fetch, signal))) return this.#fail();
      if (signal.aborted) return;
      this.#readyState = CONNECTING;
      this.dispatchEvent(new Event("error"));
      const shortest = this.#hasDelivered ? 0 : SHORTEST_DELAY_MS;
      delayMs = wait(Math.min(Math.max(this.#retryDelay, shortest), LONGEST_TIMER), failures);
      await pause(delayMs, signal);
      if (signal.aborted) return;
    }
  }

  /** Delivers the events of a response, until it ends or this is closed. */
  async #read(head: Head, origin: string, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", head.cancel);
    if (this.#readyState === CLOSED) return;
    this.#readyState = OPEN;
    this.dispatchEvent(new Event("open"));
    const reader = sseReader(this.#lastEventId);
    try {
      for (;;) {
        const { done, value } = await head.read();
        if (done || value === undefined) return;
        const { events, lastEventId, retry, error } = reader.read(value);
        this.#lastEventId = lastEventId;
        this.#retryDelay = retry ?? this.#retryDelay;
        for (const { type, data, id } of events) {
          if (this.#readyState === CLOSED) return;
          this.#hasDelivered = true;
          this.dispatchEvent(new MessageEvent(type, { data, origin, lastEventId: id }));
          // Who awaits one event after the other has its next listener set by then.
          await undefined;
        }
        if (error) throw error;
      }
    } finally {
      reader.free();
    }
  }

  /** Fails the connection: no further attempt is made. The event has the reason as `error`, if there is one to be told. */
  #fail(error?: unknown): void {
    if (this.#readyState === CLOSED) return;
    this.close();
    this.dispatchEvent(Object.assign(new Event("error"), error === undefined ? {} : { error }));
  }
}

/** Whether the server answers a request that CORS cannot refuse: then it was CORS that refused the one before. */
async function isForbidden(url: string, request: typeof fetch, over: AbortSignal): Promise<boolean> {
  // CORS is a matter of pages and workers.
  if ((globalThis as { location?: Location }).location === undefined) return false;
  const abort = new AbortController();
  over.addEventListener("abort", () => abort.abort());
  const init: RequestInit = { mode: "no-cors", credentials: "omit", cache: "no-store", signal: abort.signal };
  const answer = (async () => request(url, init))().catch(() => undefined);
  const response = await Promise.race([answer, pause(PROBE_MS, abort.signal)]);
  abort.abort();
  return response?.type === "opaque";
}

function isStream({ status, headers }: Head): boolean {
  return status === 200 && /^text\/event-stream[\t ]*(;|$)/i.test(headers.get("content-type") ?? "");
}

/** The time that the stream asks for; up to twice as long with each attempt in a row that could not connect. */
function wait(delay: number, failures: number): number {
  const bound = Math.max(delay, Math.min(delay * 2 ** (failures - 1), LONGEST_DELAY_MS));
  return delay + Math.random() * (bound - delay);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
