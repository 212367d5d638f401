import { core } from "./core.js";
import { TidewireError } from "./error.js";
import type { SseEvent } from "./items.js";
import type { Attempt, StreamOptions } from "./options.js";
import { CoreParser } from "./parser.js";
import { absolute, planOf } from "./request.js";

/** The standard's options, and what `fetch` can do besides. */
export interface EventSourceOptions
  extends EventSourceInit,
    Pick<StreamOptions, "method" | "headers" | "body" | "json" | "form" | "query" | "fetch" | "lastEventId" | "onAttempt"> {
  /** The wait before connecting again in milliseconds, until the stream says another; 3000 by default. */
  retryDelay?: number | undefined;
  /** Attempts in a row that may fail before it gives up; without end by default. */
  retryAttempts?: number | undefined;
}

type Handler<E extends Event> = ((this: globalThis.EventSource, event: E) => unknown) | null;

/** With the types of the standard's events. */
const Target = EventTarget as new () => Pick<globalThis.EventSource, "addEventListener" | "removeEventListener" | "dispatchEvent">;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;
const RETRY_DELAY_MS = 3000;
/** No wait of our own choosing is longer. */
const LONGEST_DELAY_MS = 30_000;

/**
 * The class of the WHATWG HTML standard, section 9.2, over `fetch`. Where `fetch` tells less than a browser knows, it differs: what
 * CORS refuses looks like a network that is down, so it is tried again.
 */
export class EventSource extends Target implements globalThis.EventSource {
  static readonly CONNECTING = CONNECTING;
  static readonly OPEN = OPEN;
  static readonly CLOSED = CLOSED;

  readonly url: string;
  readonly withCredentials: boolean;

  readonly #options: EventSourceOptions;
  /** Of the attempt under way, and of the wait behind it. */
  #abort = new AbortController();
  readonly #handlers = new Map<string, unknown>();
  #readyState: number = CONNECTING;
  #lastEventId: string;
  #retryDelay: number;

  /** Connects at once. Throws a `SyntaxError` for what is no URL, and a `TidewireError` where there is no core. */
  constructor(url: string | URL, options: EventSourceOptions = {}) {
    super();
    core();
    try {
      this.url = absolute(url).href;
    } catch (error) {
      throw new DOMException((error as TidewireError).message, "SyntaxError");
    }
    this.withCredentials = !!options.withCredentials;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? "";
    this.#retryDelay = options.retryDelay ?? RETRY_DELAY_MS;
    void this.#run();
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

  async #run(): Promise<void> {
    const { retryAttempts = Infinity, onAttempt } = this.#options;
    const credentials = this.withCredentials ? "include" : "same-origin";
    let plan = planOf(this.url, { ...this.#options, credentials });
    // Whoever made this sets its handlers first.
    await undefined;
    if (!/^(https?|data|blob):/.test(this.url)) return this.#fail();
    let failures = 0;
    let delayMs = 0;
    for (let number = 1; ; number++) {
      const { signal } = (this.#abort = new AbortController());
      try {
        const attempt: Attempt = { attempt: number, delayMs, ...(this.#lastEventId && { cursor: this.#lastEventId }) };
        onAttempt?.(attempt);
        const send = await plan.prepare(attempt, false, "text/event-stream", signal);
        const response = await send();
        if (!isStream(response)) return this.#fail();
        // The standard's request remembers where it was led.
        if (response.redirected && plan.idempotent) {
          plan = planOf(response.url, { ...this.#options, query: undefined, credentials });
        }
        failures = 0;
        await this.#read(response);
      } catch (error) {
        // An event beyond the limit would come again.
        if (error instanceof TidewireError) return this.#fail();
      }
      if (this.#readyState === CLOSED) return;
      if (++failures > retryAttempts) return this.#fail();
      this.#readyState = CONNECTING;
      this.dispatchEvent(new Event("error"));
      delayMs = wait(this.#retryDelay, failures);
      await pause(delayMs, signal);
      if (signal.aborted) return;
    }
  }

  /** Delivers the events of a reply, until it ends or this is closed. */
  async #read({ url, body }: Response): Promise<void> {
    if (this.#readyState === CLOSED) return;
    this.#readyState = OPEN;
    this.dispatchEvent(new Event("open"));
    const { origin } = new URL(url || this.url);
    let queue: SseEvent[] = [];
    const parser = new CoreParser({
      format: "sse",
      lastEventId: this.#lastEventId,
      onEvent: (event) => queue.push(event as SseEvent),
      onRetry: (ms) => (this.#retryDelay = ms),
    });
    const reader = body?.getReader();
    try {
      for (;;) {
        const { value } = (await reader?.read()) ?? {};
        if (value === undefined) return;
        parser.push(value);
        this.#lastEventId = parser.lastEventId;
        for (const { type, data, id } of queue) {
          if (this.#readyState === CLOSED) return;
          this.dispatchEvent(new MessageEvent(type, { data, origin, lastEventId: id }));
          // Who awaits one event after the other has its next listener set by then.
          await undefined;
        }
        queue = [];
      }
    } finally {
      parser.free();
    }
  }

  /** Fails the connection: no further attempt is made. */
  #fail(): void {
    if (this.#readyState === CLOSED) return;
    this.close();
    this.dispatchEvent(new Event("error"));
  }
}

function isStream({ status, headers }: Response): boolean {
  return status === 200 && /^text\/event-stream[\t ]*(;|$)/i.test(headers.get("content-type") ?? "");
}

/** The time that the stream asks for; behind a connection that could not be opened again, up to double as long with each. */
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
