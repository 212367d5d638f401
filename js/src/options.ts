import { KEYS } from "./core.js";
import type { Key } from "./core.js";
import type { Watchers } from "./items.js";
import { Machine, impossible } from "./machine.js";
import type { DecoderOptions } from "./parser.js";

/** What a record means for the stream: a data value (`[DONE]`), `event:NAME`, or `json:PATH=VALUE`. */
export type Marker = string;

/** How one reply is read. */
export interface ReadOptions extends DecoderOptions, Watchers {
  /** End markers, which then must come; `[DONE]` counts without being declared. An empty list knows none. */
  endOn?: Marker | Marker[] | undefined;
  /** Failure markers in the place of `event:error`. An empty list knows none. */
  failOn?: Marker | Marker[] | undefined;
  /** Records that only say that the stream is alive. */
  heartbeatOn?: Marker | Marker[] | undefined;
  /** Stops the stream; the loop throws its reason. */
  signal?: AbortSignal | null | undefined;
  /** The server's ordered ids left some out behind this one, or records may have been lost between two requests. */
  onGap?: ((after: string | undefined) => void) | undefined;
  /** Limits of time in milliseconds, 0 for none: the whole stream … */
  timeout?: number | undefined;
  /** … silence on the wire (300,000 by default) … */
  idleTimeout?: number | undefined;
  /** … silence of records … */
  progressTimeout?: number | undefined;
  /** … and until the first record. */
  firstEventTimeout?: number | undefined;
  /** A silence on the wire that `onStall` is told of, once each; 15,000 by default. */
  stallAfter?: number | undefined;
  onStall?: ((silentMs: number) => void) | undefined;
}

/** One request of a stream, as `onAttempt` and the functions that make its parts see it. */
export interface Attempt {
  /** 1 for the first. */
  attempt: number;
  /** How long is waited before it. */
  delayMs: number;
  /** Why it is made; none for the first. */
  reason?: string;
  /** Behind which cursor it goes on. */
  cursor?: string;
  /** What went wrong before. */
  error?: string;
}

export type PerAttempt<T> = T | ((attempt: Attempt) => T | Promise<T>);

/** Not `HeadersInit` and `BodyInit`: those the DOM's types have alone, and Node's have `RequestInit`. */
type SomeHeaders = NonNullable<RequestInit["headers"]>;
type SomeBody = NonNullable<RequestInit["body"]> | null;

/** The request that goes on behind a cursor. */
export interface Continuation {
  url?: string | URL;
  method?: string;
  headers?: SomeHeaders;
  body?: SomeBody;
}

/** How a stream is requested: what `fetch` takes, and what makes a stream of it. */
export interface StreamOptions extends Omit<RequestInit, "headers" | "body" | "signal">, ReadOptions {
  headers?: PerAttempt<SomeHeaders> | undefined;
  /** A stream of bytes is sent once; all else can be sent again. */
  body?: PerAttempt<SomeBody> | undefined;
  /** The body, as JSON. */
  json?: unknown;
  /** The body, as form fields. */
  form?: Record<string, string> | URLSearchParams | undefined;
  /** Added to the URL's query. */
  query?: Record<string, string | number | boolean> | URLSearchParams | undefined;
  /** A subscription: a clean end or a break means "connect again", without end. */
  follow?: boolean | undefined;
  /** Whether the stream is resumed behind its cursor; a function makes the request that goes on there. */
  resume?: "auto" | "always" | "never" | ((cursor: string) => Continuation | Promise<Continuation>) | undefined;
  /** For formats without event ids: the JSON field (`seq`, `meta.offset`) of each record that is its cursor. */
  cursor?: string | undefined;
  /** Sending the request twice does no more than sending it once. GET and HEAD are so by themselves. */
  idempotent?: boolean | undefined;
  /** The same, with one `Idempotency-Key` for all attempts. */
  idempotencyKey?: string | undefined;
  /** Retries in a row, not counting the first request; 3 by default. */
  retryAttempts?: number | undefined;
  /** The upper bound of the first wait in milliseconds; 1000 by default. It doubles with each further one, up to 30 s. */
  retryDelay?: number | undefined;
  /** In the place of the platform's `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Told of each request, before it is waited for. */
  onAttempt?: ((attempt: Attempt) => void) | undefined;
}

const RESUME = ["auto", "always", "never"];

/** What of a stream's options the core has to know, and what else it is told of the request. */
export type Settings = ReadOptions &
  StreamOptions & { [key in "sniff" | "repeatable"]?: boolean } & { dialect?: string };

/** A machine with these options. Throws a `TidewireError` with the code `usage` for one that cannot be so. */
export function machineOf(options: Settings): Machine {
  const machine = new Machine();
  const given = options as { [key in Key]?: unknown };
  for (const key of Object.keys(KEYS) as Key[]) {
    let value = given[key];
    if (key === "idempotent") value ||= options.idempotencyKey !== undefined;
    if (key === "resume") value &&= typeof value === "function" ? RESUME.length : RESUME.indexOf(value as string);
    if (value === undefined || value === null) continue;
    const isMarker = key.endsWith("On");
    // None of them, to begin with.
    if (isMarker && key !== "heartbeatOn") machine.set(key, 0);
    for (const one of isMarker ? [value].flat() : [value]) {
      if (!machine.set(key, one as string)) {
        machine.free();
        throw impossible(key, one);
      }
    }
  }
  return machine;
}
