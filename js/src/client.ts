import { open } from "./fetching.js";
import type { Item, SseEvent } from "./items.js";
import { impossible } from "./machine.js";
import type { Attempt, StreamOptions } from "./options.js";
import { each, merged } from "./request.js";
import { Streaming } from "./stream.js";
import type { Admit } from "./exchange.js";

/** Options of `createClient`: those of its streams, where a stream has none of its own, and how many may be open. */
export interface ClientOptions
  extends Omit<StreamOptions, "body" | "json" | "form" | "query" | "signal" | "lastEventId" | "idempotencyKey"> {
  /** What a stream's path is put behind: `https://example.com/v1` and `/chat` make `https://example.com/v1/chat`. */
  baseUrl?: string | URL | undefined;
  /** The most streams that are open at a time; the next ones wait in order. */
  maxConcurrent?: number | undefined;
  /** How long a stream may wait for its place, in milliseconds; for ever by default. It is `timed_out` then, the limit `queue`. */
  queueTimeout?: number | undefined;
}

/** Streams with something in common. */
export interface Client {
  /** Requests a stream: what is given here wins over the client's; headers are put together, and these win by their names. */
  stream<T extends Item = SseEvent>(input: string | URL | Request, options?: StreamOptions): Streaming<T>;
}

/** A client. Throws a `TidewireError` with the code `usage` for a `maxConcurrent` below 1. */
export function createClient({ baseUrl, maxConcurrent, queueTimeout, ...common }: ClientOptions = {}): Client {
  if (maxConcurrent !== undefined && !(maxConcurrent >= 1)) throw impossible("maxConcurrent", maxConcurrent);
  const admit = maxConcurrent === undefined ? undefined : places(Math.floor(maxConcurrent), queueTimeout);
  return {
    stream(input, options = {}) {
      const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
      const own = options.headers ?? (input instanceof Request ? input.headers : undefined);
      const headers = async (attempt: Attempt): Promise<Headers> =>
        merged(new Headers(await each(common.headers, attempt)), await each(own, attempt));
      return open(Streaming<never>, typeof input === "string" ? behind(baseUrl, input) : input, { ...common, ...given, headers }, admit);
    },
  };
}

/** A path behind a base; what is whole by itself stays as it is. */
function behind(base: string | URL | undefined, path: string): string {
  if (base === undefined || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(path)) return path;
  const folder = String(base).replace(/\/+$/, "");
  return /^$|^[?#]/.test(path) ? folder + path : `${folder}/${path.replace(/^\/+/, "")}`;
}

/** Places for so many streams, given in the order in which they are asked for, and kept until a stream is over. */
function places(free: number, queueTimeout = 0): Admit {
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
      if (queueTimeout > 0) timer = setTimeout(giveUp, queueTimeout);
    });
}
