import type { Core } from "./core.js";
import { NUMBER, impossible } from "./error.js";
import * as abi from "./generated/abi.js";
import type { Watchers } from "./items.js";
import { FORMATS } from "./parser.js";
import type { DecoderOptions } from "./parser.js";

/** A condition on a record: a data value (`[DONE]`), `event:NAME`, or `json:PATH=VALUE`. */
export type Marker = string;

/** How one response is read. */
export interface ReadOptions extends DecoderOptions, Watchers {
  /** End markers, one of which must come; `[DONE]` counts without being declared. An empty list turns that off. */
  endOn?: Marker | Marker[] | undefined;
  /** Failure markers instead of `event:error`. An empty list turns that off. */
  failOn?: Marker | Marker[] | undefined;
  /** Records that only say that the stream is alive. */
  heartbeatOn?: Marker | Marker[] | undefined;
  /** Stops the stream; the loop throws its reason. */
  signal?: AbortSignal | null | undefined;
  /** Called when the server's ordered ids skip some after this one, or when records may have been lost between two requests. */
  onGap?: ((after: string | undefined) => void) | undefined;
  /** The limit for the whole stream, all attempts, in milliseconds as the ones below; 0 for none, which is the default. */
  timeout?: number | undefined;
  /** Limit of silence on the wire; 300,000 by default. */
  idleTimeout?: number | undefined;
  /** Limit of the time without records; none by default. */
  progressTimeout?: number | undefined;
  /** Limit of the time until the first record; none by default. */
  firstEventTimeout?: number | undefined;
  /** The silence on the wire after which `onStall` is called, once for each silence; 15,000 by default. */
  stallAfter?: number | undefined;
  onStall?: ((silentMs: number) => void) | undefined;
}

/** One request of a stream, as `onAttempt` and the functions that make its parts see it. */
export interface Attempt {
  /** 1 for the first. */
  attempt: number;
  /** How long is waited before it, in milliseconds. */
  delayMs: number;
  /** Why it is made; absent for the first. */
  reason?: string;
  /** The cursor after which it continues. */
  cursor?: string;
  /** The wait that the server's `retry:` asked for, if it is longer than the minute that is honoured. */
  askedMs?: number;
  /** What went wrong before. */
  error?: string;
}

/** The request of an attempt, as the functions that make its parts see it: each sees what was made before it. */
export interface AttemptRequest extends Attempt {
  method: string;
  /** Empty in the function that makes it. */
  url: string;
  /** The headers so far; for functions that make headers. They may be changed and returned. */
  headers: Headers;
  /** The bytes that will be sent, so that they can be signed; for functions that make headers. Absent for a stream of bytes. */
  body?: Uint8Array;
}

/** The same, before there are headers and a body. */
export type RequestStart = Omit<AttemptRequest, "headers" | "body">;

/** A value, or a function that is called for each attempt. */
export type PerAttempt<T, Given = Attempt> = T | ((request: Given) => T | Promise<T>);

/** Not `HeadersInit` and `BodyInit`: only the DOM's types have those, and Node's have `RequestInit`. */
export type SomeHeaders = NonNullable<RequestInit["headers"]>;
export type SomeBody = NonNullable<RequestInit["body"]> | null;

/** What is requested; a function is called for each attempt. */
export type Input = string | URL | Request | ((request: RequestStart) => string | URL | Promise<string | URL>);

/** The request that continues after a cursor. */
export interface Continuation {
  url?: string | URL;
  method?: string;
  headers?: SomeHeaders;
  body?: SomeBody;
}

/** How a stream is requested: what `fetch` takes, and what makes it a stream. */
export interface StreamOptions extends Omit<RequestInit, "headers" | "body" | "signal">, ReadOptions {
  /** A function sees the rest of the request, so that it can sign it. */
  headers?: PerAttempt<SomeHeaders, AttemptRequest> | undefined;
  /** A stream of bytes is sent once; everything else can be sent again. */
  body?: PerAttempt<SomeBody, RequestStart> | undefined;
  /** The body, as JSON. */
  json?: unknown;
  /** The body, as form fields. */
  form?: Record<string, string> | URLSearchParams | undefined;
  /** Added to the URL's query. */
  query?: Record<string, string | number | boolean> | URLSearchParams | undefined;
  /** A subscription: a clean end or a break means "connect again", without limit. */
  follow?: boolean | undefined;
  /** Whether the stream is resumed after its cursor; a function makes the request that continues there. */
  resume?: "auto" | "always" | "never" | ((cursor: string) => Continuation | Promise<Continuation>) | undefined;
  /** For formats without event ids: the JSON field (`seq`, `meta.offset`) of each record that is its cursor. */
  cursor?: string | undefined;
  /** Sending the request twice has the same effect as sending it once. GET and HEAD always are. */
  idempotent?: boolean | undefined;
  /** Makes the request idempotent, with one `Idempotency-Key` for all attempts. */
  idempotencyKey?: string | undefined;
  /** Retries in a row, not counting the first request; 3 by default. */
  retryAttempts?: number | undefined;
  /** The upper bound of the first wait in milliseconds; 1000 by default. It doubles with each further one, up to 30 s. */
  retryDelay?: number | undefined;
  /**
   * Renews what the request carries, such as a token that `headers` reads, when the server answers 401. The request is sent again then, at
   * most once in a row; if this throws, the 401 stands.
   */
  refresh?: ((attempt: Attempt) => unknown) | undefined;
  /** Drops records that an earlier attempt had delivered, by their ids. */
  dedupe?: boolean | undefined;
  /** Called once for each response that brings records that had been delivered, with the id of the first one. */
  onReplayed?: ((id: string) => void) | undefined;
  /** Used instead of the platform's `fetch`; that of "tidewire/xhr" streams over XMLHttpRequest. */
  fetch?: typeof fetch | undefined;
  /** Called for each request, before the wait for it. */
  onAttempt?: ((attempt: Attempt) => void) | undefined;
}

const RESUME = ["auto", "always", "never"];
const FLAG = "true or false";

/** How a number is written: a limit in milliseconds, of which 0 is none; milliseconds; a number of 32 bits; one byte; a word of the header. */
const [LIMIT, TIME, COUNT, BYTE, WORD] = [0, 1, 2, 3, 4];
const MOST = 2 ** 32 - 1;

/** Where the options are that are numbers. */
const NUMBERS = {
  maxEventBytes: [WORD, abi.AT_MAX_EVENT_BYTES],
  skipOversized: [WORD, abi.AT_SKIP_OVERSIZED],
  deliverUnterminated: [WORD, abi.AT_DELIVER_UNTERMINATED],
  sniff: [WORD, abi.AT_SNIFF],
  follow: [BYTE, abi.RULE_FOLLOW],
  idempotent: [BYTE, abi.RULE_IDEMPOTENT],
  repeatable: [BYTE, abi.RULE_REPEATABLE],
  dedupe: [BYTE, abi.RULE_DEDUPE],
  refresh: [BYTE, abi.RULE_REFRESH],
  resume: [COUNT, abi.RULE_RESUME],
  retryAttempts: [COUNT, abi.RULE_RETRY_ATTEMPTS],
  retryDelay: [TIME, abi.RULE_RETRY_DELAY],
  timeout: [LIMIT, abi.RULE_TIMEOUT],
  firstEventTimeout: [LIMIT, abi.RULE_FIRST_EVENT_TIMEOUT],
  idleTimeout: [LIMIT, abi.RULE_IDLE_TIMEOUT],
  progressTimeout: [LIMIT, abi.RULE_PROGRESS_TIMEOUT],
  stallAfter: [LIMIT, abi.RULE_STALL_AFTER],
} as const;
/** The markers by their roles, with the word that says that there are some, or that there are to be none. */
const MARKERS = { failOn: abi.AT_NO_FAILURE, endOn: abi.AT_NO_END, heartbeatOn: 0 } as const;

type Key = keyof typeof NUMBERS | keyof typeof MARKERS | "format" | "lastEventId" | "cursor" | "dialect";

/** What options take whose values are not numbers. */
const ACCEPTED: { [key in Key]?: string } = {
  format: FORMATS,
  resume: `${RESUME.join(", ")}, or a function`,
  lastEventId: "a string",
  cursor: 'a path such as "meta.seq"',
  skipOversized: FLAG,
  deliverUnterminated: FLAG,
  follow: FLAG,
  idempotent: FLAG,
  dedupe: FLAG,
  refresh: "a function",
};

function accepted(key: Key): string {
  return key in MARKERS ? "a value such as [DONE], event:NAME, or json:PATH=VALUE" : (ACCEPTED[key] ?? NUMBER);
}

/** The options that the core has to know, and what else it is told of the request. */
export type MachineOptions = ReadOptions &
  StreamOptions & { [key in "sniff" | "repeatable"]?: boolean } & { dialect?: string };

/**
 * Sets the options of a machine. Returns whether they want what only a core with all formats knows. Throws a `TidewireError` with the code
 * `usage` for a value that an option does not take.
 */
export function setUp(core: Core, at: number, options: MachineOptions): boolean {
  const { exports } = core;
  const hasFormats = core.word(at, abi.AT_FORMATS) > abi.FORMAT_TEXT + 1;
  const given = options as { [key in Key]?: unknown };
  let needsMore = false;
  const is = (key: Key, isGood: boolean, value = given[key]): void => {
    if (!isGood) throw impossible(key, value, accepted(key));
  };
  const put = (key: Key, value: unknown): number => {
    is(key, typeof value === "string", value);
    return core.put(at, value as string);
  };
  if (given.format != null) {
    const format = abi.FORMATS.indexOf(given.format as "auto");
    is("format", format >= 0);
    needsMore ||= !hasFormats && format > abi.FORMAT_TEXT;
    core.words[(at >>> 2) + abi.AT_FORMAT] = format;
  }
  for (const [role, key] of (["failOn", "endOn", "heartbeatOn"] as const).entries()) {
    if (given[key] == null) continue;
    const markers = [given[key]].flat();
    // A list replaces the default, and an empty one turns it off.
    if (key === "failOn" || (key === "endOn" && markers.length === 0)) core.words[(at >>> 2) + MARKERS[key]] = 1;
    if (key === "endOn" && markers.length > 0) core.bytes[core.word(at, abi.AT_RULES) + abi.RULE_EXPECTS_MARKER] = 1;
    for (const marker of markers) {
      if (!hasFormats && /^json:[^=]+=/.test(marker as string)) needsMore = true;
      else is(key, exports.machine_marker(at, role, put(key, marker)) !== 0, marker);
    }
  }
  if (given.lastEventId != null) exports.machine_last_id(at, put("lastEventId", given.lastEventId));
  if (given.cursor != null) {
    const length = put("cursor", given.cursor);
    if (hasFormats) exports.machine_path(at, length);
    else needsMore = true;
  }
  for (const key of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
    let value = given[key];
    if (key === "idempotent") value ||= options.idempotencyKey !== undefined;
    if (key === "refresh") value &&= typeof value === "function" ? 1 : -1;
    if (key === "resume") value &&= typeof value === "function" ? RESUME.length : RESUME.indexOf(value as string);
    if (value == null) continue;
    const number = typeof value === "string" ? NaN : Number(value);
    is(key, number >= 0);
    const [kind, offset] = NUMBERS[key];
    const rules = core.word(at, abi.AT_RULES) + offset;
    if (kind === WORD) core.words[(at >>> 2) + offset] = Math.min(number, MOST);
    else if (kind === COUNT) core.words[rules >>> 2] = Math.min(number, MOST);
    else if (kind === BYTE) core.bytes[rules] = Number(number > 0);
    else core.floats[rules >>> 3] = kind === LIMIT && number === 0 ? Infinity : number;
  }
  if (given.dialect != null) is("dialect", !!exports.machine_dialect?.(at, put("dialect", given.dialect)));
  return needsMore;
}
