import type * as Npm from "tidewire";
import { usage, words } from "./error";
import { ClientSettings, CursorPlace, DecodeSettings, Header, RequestChanges, RequestHooks, RequestSettings, waitFor } from "./native";
import type { HookAnswer, RequestHook, RequestView } from "./native";

type Attempt = Npm.Attempt;
type AttemptRequest = Npm.AttemptRequest;
type PerAttempt<T, Given = Attempt> = Npm.PerAttempt<T, Given>;
type SomeHeaders = NonNullable<RequestInit["headers"]>;
type SomeBody = Exclude<NonNullable<Npm.Continuation["body"]>, Blob | FormData | URLSearchParams | ReadableStream> | null;

/** Options that only `fetch` has. */
export type FetchOption = "fetch" | Exclude<keyof RequestInit, "method" | "headers" | "body" | "signal">;
/** Options that a body that is there already has no use for. */
export type TimeOption = "timeout" | "idleTimeout" | "progressTimeout" | "firstEventTimeout" | "stallAfter" | "onStall" | "lastEventId";

/** What is requested. */
export type Input = string | URL;

/** The request that continues after a cursor. */
export interface Continuation extends Omit<Npm.Continuation, "body"> {
  body?: SomeBody;
}

/** How a stream is requested; `tidewire` describes each option. */
export interface StreamOptions extends Omit<Npm.StreamOptions, FetchOption | "body" | "resume"> {
  body?: PerAttempt<SomeBody, Omit<AttemptRequest, "headers" | "body">> | undefined;
  resume?: "auto" | "always" | "never" | ((cursor: string) => Continuation | Promise<Continuation>) | undefined;
}

/** How a body that is there already is read. */
export type ParseOptions = Omit<Npm.ReadOptions, TimeOption>;

/** Options of `createClient`. */
export interface ClientOptions
  extends Omit<Npm.ClientOptions, FetchOption | "headers" | "resume">,
    Pick<StreamOptions, "resume"> {
  /** Sent to the origin of `baseUrl` and to `allowedOrigins`. */
  headers?: SomeHeaders | undefined;
}

/** Whose reply a stream is. */
export interface Dialected {
  dialect?: string | undefined;
}

export function clientSettings({ baseUrl, headers, allowedOrigins = [], maxConcurrent, queueTimeout }: ClientOptions): ClientSettings {
  return ClientSettings.create({
    baseUrl: baseUrl === undefined ? undefined : String(baseUrl),
    headers: pairs(headers),
    allowedOrigins: allowedOrigins.map(String),
    maxConcurrent: maxConcurrent === Infinity ? undefined : small("maxConcurrent", maxConcurrent),
    queueTimeout: whole("queueTimeout", queueTimeout),
  });
}

export function requestSettings(input: Input, options: StreamOptions & Dialected): RequestSettings {
  const { body, headers, resume, cursor } = options;
  return RequestSettings.create({
    ...reading(options),
    url: String(input),
    method: options.method ?? (typeof body === "function" ? "POST" : undefined),
    query: pairs(options.query),
    headers: typeof headers === "function" ? [] : pairs(headers),
    body: typeof body === "function" ? undefined : bytes(body),
    json: jsonText(options.json),
    form: options.form === undefined ? undefined : pairs(options.form),
    follow: options.follow ?? false,
    idempotent: options.idempotent ?? false,
    idempotencyKey: options.idempotencyKey,
    resume: typeof resume === "function" ? undefined : resume,
    // As the npm package sends it.
    cursor: cursor === undefined ? undefined : { path: cursor, place: CursorPlace.Header, name: "last-event-id" },
    lastEventId: options.lastEventId,
    dedupe: options.dedupe ?? false,
    retryAttempts: small("retryAttempts", options.retryAttempts),
    retryDelay: whole("retryDelay", options.retryDelay),
    firstEventTimeout: whole("firstEventTimeout", options.firstEventTimeout),
    idleTimeout: whole("idleTimeout", options.idleTimeout),
    progressTimeout: whole("progressTimeout", options.progressTimeout),
    timeout: whole("timeout", options.timeout),
    stallAfter: whole("stallAfter", options.stallAfter),
  });
}

export function decodeSettings(options: ParseOptions & Dialected): DecodeSettings {
  return DecodeSettings.create(reading(options));
}

/** What requests and bodies have in common. */
function reading(options: ParseOptions & Dialected) {
  return {
    format: options.format,
    dialect: options.dialect,
    maxEventBytes: whole("maxEventBytes", options.maxEventBytes),
    skipOversized: options.skipOversized ?? false,
    deliverUnterminated: options.deliverUnterminated ?? false,
    endOn: markers(options.endOn),
    failOn: markers(options.failOn),
    heartbeatOn: markers(options.heartbeatOn) ?? [],
  };
}

export function requestHooks({ headers, body, refresh, resume }: StreamOptions): RequestHooks {
  const makes = typeof headers === "function" || typeof body === "function";
  return RequestHooks.create({
    prepare: makes ? hook((request) => prepared(request, headers, body)) : undefined,
    refresh:
      refresh &&
      hook(async (request) => {
        await refresh(attemptOf(request));
        return RequestChanges.create({});
      }),
    resume:
      typeof resume === "function"
        ? hook(async ({ cursor = "" }) => {
            const { url, method, headers, body } = await resume(cursor);
            return RequestChanges.create({
              url: url === undefined ? undefined : String(url),
              method,
              headers: pairs(headers),
              body: bytes(body),
              clearBody: body === null || (body === undefined && method !== undefined),
            });
          })
        : undefined,
  });
}

async function prepared(
  request: RequestView,
  headers: StreamOptions["headers"],
  body: StreamOptions["body"],
): Promise<RequestChanges> {
  const { method, url } = request;
  const start = { ...attemptOf(request), method, url };
  const made = typeof body === "function" ? bytes(await body(start)) : undefined;
  const sent = made ?? request.body;
  const present = new Headers(request.headers.map(({ name, value }): [string, string] => [name, value]));
  const shown: AttemptRequest = { ...start, headers: present, ...(sent && { body: sent }) };
  const more = typeof headers === "function" ? await headers(shown) : undefined;
  return RequestChanges.create({ headers: pairs(more), body: made });
}

/** A function whose answer the native library waits for on a thread of its own. */
function hook(change: (request: RequestView) => Promise<RequestChanges>): RequestHook {
  return waitFor({
    ask(request: RequestView, answer: HookAnswer): void {
      change(request)
        .then(
          (changes) => answer.change(changes),
          (error: unknown) => answer.fail(words(error)),
        )
        .finally(() => answer.uniffiDestroy());
    },
  });
}

/** An attempt, as hooks see it. */
export function attemptOf(given: {
  attempt: number;
  delayMs: bigint;
  reason?: string | undefined;
  cursor?: string | undefined;
  askedMs?: bigint | undefined;
  error?: string | undefined;
}): Attempt {
  const { attempt, delayMs, reason, cursor, askedMs, error } = given;
  return {
    attempt,
    delayMs: Number(delayMs),
    ...(reason !== undefined && { reason }),
    ...(cursor !== undefined && { cursor }),
    ...(askedMs !== undefined && { askedMs: Number(askedMs) }),
    ...(error !== undefined && { error }),
  };
}

type Pairs = SomeHeaders | Record<string, string | number | boolean> | URLSearchParams;

function pairs(given: Pairs | undefined): Header[] {
  const found: Header[] = [];
  const add = (value: unknown, name: string): void => void found.push({ name, value: String(value) });
  if (Array.isArray(given)) given.forEach(([name, value]) => add(value, name as string));
  else if (given instanceof Headers || given instanceof URLSearchParams) given.forEach(add);
  else for (const [name, value] of Object.entries(given ?? {})) add(value, name);
  return found;
}

function markers(given: string | string[] | undefined): string[] | undefined {
  return given === undefined ? undefined : [given].flat();
}

function bytes(body: SomeBody | undefined): Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw usage("body: it is a string or bytes; use json or form for other values");
}

function jsonText(json: unknown): string | undefined {
  if (json === undefined) return undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(json);
  } catch (cause) {
    throw usage(`json: ${words(cause)}`, cause);
  }
  if (text === undefined) throw usage("json: this is not a value that JSON can hold");
  return text;
}

/** Rounded up: what is not 0 must not become 0, which means no limit. */
export function whole(key: string, value: number): bigint;
export function whole(key: string, value: number | undefined): bigint | undefined;
export function whole(key: string, value: number | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (!(value >= 0)) throw usage(`${key}: ${value} is not possible; use a number that is 0 or more`);
  return BigInt(Math.ceil(Math.min(value, Number.MAX_SAFE_INTEGER)));
}

function small(key: string, value: number | undefined): number | undefined {
  const number = whole(key, value);
  return number === undefined ? undefined : Math.min(Number(number), 2 ** 32 - 1);
}
