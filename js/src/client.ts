import { LONGEST_TIMER } from "./alarm.js";
import { NUMBER, impossible, usage } from "./error.js";
import { open } from "./fetching.js";
import type { Item, SseEvent } from "./items.js";
import type { Input, StreamOptions } from "./options.js";
import { absolute, merged, requestTemplate } from "./request.js";
import type { ClientPart } from "./request.js";
import { Streaming } from "./stream.js";

/** Options that belong to one stream. */
const OWN = ["body", "json", "form", "query", "signal", "lastEventId", "idempotencyKey"] as const;

/** Options of `createClient`: the defaults of its streams, and how many may be open. */
export interface ClientOptions extends Omit<StreamOptions, (typeof OWN)[number]> {
  /** Put before a stream's path: `https://example.com/v1` and `/chat` make `https://example.com/v1/chat`. */
  baseUrl?: string | URL | undefined;
  /**
   * Other origins that get the client's `headers` and `credentials`. Without this only the origin of `baseUrl` does or, if there is no
   * `baseUrl`, the origin of the client's first request.
   */
  allowedOrigins?: (string | URL)[] | undefined;
  /** The most streams that are open at a time; the next ones wait in order. */
  maxConcurrent?: number | undefined;
  /** How long a stream may wait for its slot, in milliseconds; without limit by default. After that it is `timed_out`, with the limit `queue`. */
  queueTimeout?: number | undefined;
}

/** Streams with something in common. */
export interface Client {
  /** Requests a stream. What is given here replaces the client's own; headers are merged by their names. */
  stream<T extends Item = SseEvent>(input: Input, options?: StreamOptions): Streaming<T>;
}

/** Waits for a slot, which is kept until the signal says that the stream is over; false if there was none in time. */
type Admit = (over: AbortSignal) => Promise<boolean>;

/** A client. Throws a `TidewireError` with the code `usage` for an option that it does not take. */
export function createClient(options: ClientOptions = {}): Client {
  const { baseUrl, allowedOrigins = [], maxConcurrent = Infinity, queueTimeout = 0, headers, credentials, ...common } = options;
  for (const key of OWN) if ((common as StreamOptions)[key] !== undefined) throw usage(`${key}: it belongs to a stream, not to a client`);
  if (!(maxConcurrent >= 1)) throw impossible("maxConcurrent", maxConcurrent, "a number that is 1 or more");
  if (!(queueTimeout >= 0)) throw impossible("queueTimeout", queueTimeout, NUMBER);
  if (typeof headers !== "function") merged(new Headers(), headers);
  const allowed = allowedOrigins.map((origin) => originOf(absolute(origin)));
  let home: string | undefined;
  const part: ClientPart = {
    headers,
    credentials,
    resolve: (path) => behind(baseUrl, path),
    mayGoTo(url) {
      home ??= baseUrl === undefined ? originOf(url) : homeOf(baseUrl);
      return [home, ...allowed].includes(originOf(url));
    },
  };
  const admit = slots(Math.floor(maxConcurrent), queueTimeout);
  class Queued extends Streaming<never> {
    protected override begin(): void {
      void admit(this.ties.over.signal).then((inTime) => super.begin(...(inTime ? [] : (["queue_timeout"] as const))));
    }
  }
  const Made = maxConcurrent < Infinity ? Queued : Streaming<never>;
  return {
    stream(input, options = {}) {
      const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
      const both = { ...common, ...given };
      return open(Made, input, both, requestTemplate(input, both, part));
    },
  };
}

/** A relative base has an origin only where there is a page. */
function homeOf(baseUrl: string | URL): string {
  try {
    return originOf(absolute(baseUrl));
  } catch {
    return "";
  }
}

/** With the host of a scheme that has no origin of its own. */
function originOf({ origin, protocol, host }: URL): string {
  return origin === "null" ? `${protocol}//${host}` : origin;
}

/** A path after a base; a whole URL stays as it is. */
function behind(base: string | URL | undefined, path: string): string {
  if (base === undefined || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(path)) return path;
  const folder = String(base).replace(/\/+$/, "");
  return /^$|^[?#]/.test(path) ? folder + path : `${folder}/${path.replace(/^\/+/, "")}`;
}

/** So many slots, given in the order in which they are asked for, and kept until a stream is over. */
function slots(free: number, queueTimeout: number): Admit {
  const queue = new Set<() => void>();
  const leave = (): void => {
    const [next] = queue;
    if (next === undefined) free++;
    else next();
  };
  return (over) =>
    new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stopWaiting = (): boolean => {
        clearTimeout(timer);
        return queue.delete(enter);
      };
      const enter = (): void => {
        stopWaiting();
        over.addEventListener("abort", leave);
        resolve(true);
      };
      const giveUp = (): void => {
        if (stopWaiting()) resolve(false);
      };
      if (free > 0) {
        free--;
        enter();
        return;
      }
      queue.add(enter);
      over.addEventListener("abort", giveUp);
      if (queueTimeout > 0) timer = setTimeout(giveUp, Math.min(queueTimeout, LONGEST_TIMER));
    });
}
