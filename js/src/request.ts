import { encode } from "./core.js";
import { impossible, usage, words } from "./error.js";
import type { Attempt, AttemptRequest, Continuation, Input, PerAttempt, SomeBody, SomeHeaders, StreamOptions } from "./options.js";
import { defaultFetch } from "./host.js";
import type { Fetch } from "./host.js";
import { follow } from "./redirect.js";
import type { Followed } from "./redirect.js";
import { isResponse, isStream } from "./response.js";

/** The request as the caller described it, from which each attempt's request is made. */
export interface RequestTemplate {
  repeatable: boolean;
  idempotent: boolean;
  signal: AbortSignal | null | undefined;
  method: string;
  /** Absent if a function makes it. */
  url: URL | undefined;
  /** Makes the request of an attempt, and returns what sends it. */
  prepare(attempt: Attempt, terms: Terms): Promise<() => Promise<Answer>>;
}

/** What a request depends on besides its attempt. */
export interface Terms {
  /** Records have come, so that it continues after them. */
  continues?: boolean;
  /** Where a relay keeps the response: it is a GET of that. */
  relay?: URL | undefined;
  accept: string;
  signal: AbortSignal;
}

/** A response, and where a relay keeps it. */
export interface Answer extends Followed {
  relay: URL | undefined;
}

/** What a client adds to the requests of its streams. */
export interface ClientPart {
  headers: PerAttempt<SomeHeaders, AttemptRequest> | undefined;
  credentials: RequestInit["credentials"] | undefined;
  /** Puts a path after the client's `baseUrl`. */
  resolve(path: string): string;
  /** Whether the headers and credentials may be sent to this URL. */
  mayGoTo(url: URL): boolean;
}

/** Throws a `TidewireError` with the code `usage` for a request that can never be sent. */
export function requestTemplate(input: Input, options: StreamOptions, client?: ClientPart): RequestTemplate {
  const { json, form, query, headers, body, signal, resume, idempotencyKey: key, fetch: own, ...init } = options;
  const given = input instanceof Request ? input : undefined;
  if (own !== undefined && typeof own !== "function") throw impossible("fetch", own, "a function");
  if (given?.bodyUsed) throw usage("the request's body has been used already");
  const text = json === undefined ? undefined : textOf(json);
  const hasBody = (text ?? form ?? body ?? undefined) !== undefined;
  const method = (options.method ?? given?.method ?? (hasBody ? "POST" : "GET")).toUpperCase();
  const ownHeaders = headers ?? given?.headers;

  const complete = (from: string | URL): URL => {
    const url = absolute(typeof from === "string" && client ? client.resolve(from) : from);
    for (const [name, value] of query instanceof URLSearchParams ? query : Object.entries(query ?? {})) {
      url.searchParams.append(name, String(value));
    }
    return url;
  };
  const url = typeof input === "function" ? undefined : complete(given?.url ?? (input as string | URL));
  const fixed = merged(new Headers(), key === undefined ? {} : { "idempotency-key": key });
  for (const part of [client?.headers, ownHeaders]) if (typeof part !== "function") merged(fixed, part);
  const check = (url: URL, sent: RequestInit): void => {
    if (own === undefined) refuseScheme(url);
    askPlatform(url, sent);
  };
  const fixedBody = typeof body === "function" ? undefined : (text ?? form ?? body ?? undefined);
  if (url !== undefined) check(url, { ...init, method, headers: fixed, ...(fixedBody !== undefined && { body: fixedBody as SomeBody }) });
  /** What may differ in another attempt is checked in each of them. */
  const isFixed = url !== undefined && ![body, client?.headers, ownHeaders].some((part) => typeof part === "function" || isStream(part));

  return {
    repeatable: !(isStream(body) || (!hasBody && given?.body)),
    idempotent: options.idempotent === true || method === "GET" || method === "HEAD",
    signal: signal ?? given?.signal,
    method,
    url,
    async prepare(attempt, { continues, relay, accept, signal }) {
      const { cursor } = attempt;
      const resumes = continues && cursor !== undefined && typeof resume === "function" && relay === undefined;
      const onward: Continuation = relay ? { url: relay, method: "GET" } : resumes ? await resume(cursor) : {};
      const how = onward.method ?? method;
      const request = { ...attempt, method: how, url: "" };
      const to = onward.url === undefined ? (url ?? complete(await each(input as PerAttempt<string>, request))) : absolute(onward.url);
      request.url = to.href;

      const made = new Headers({ accept });
      let content: SomeBody | undefined = onward.body;
      if (content === undefined && onward.method === undefined) {
        if (text !== undefined) made.set("content-type", "application/json");
        content = text ?? (form === undefined ? await each(body, request) : new URLSearchParams(form));
      }
      const putKeyAndCursor = (): void => {
        if (key !== undefined && !relay) made.set("idempotency-key", key);
        if (!resumes) putCursor(made, cursor);
      };
      putKeyAndCursor();
      const shown: AttemptRequest = { ...request, headers: made };
      const shared = client?.mayGoTo(to) ? client : undefined;
      const parts = [shared?.headers, ownHeaders];
      if (content && parts.some((part) => typeof part === "function")) content = await bytesOf(content, shown);
      for (const part of parts) merged(made, await each(part, shown));
      putKeyAndCursor();
      if (onward.method !== undefined && onward.body === undefined) made.delete("content-type");
      merged(made, onward.headers);

      const sent: RequestInit & { duplex?: string } = { cache: "no-store", ...init, method: how, headers: made };
      const credentials = options.credentials ?? shared?.credentials ?? (onward.url === undefined ? undefined : given?.credentials);
      if (credentials !== undefined) sent.credentials = credentials;
      if (content !== undefined && content !== null) sent.body = content;
      if (isStream(content)) sent.duplex = "half";
      if (!isFixed || resumes) check(to, sent);
      const base = given === undefined || onward.url !== undefined ? to : query === undefined ? given : new Request(to, given);
      return async () => {
        const followed = await send(own, base, to, { ...sent, signal });
        return { ...followed, relay: placeAtRelay(followed, to) };
      };
    },
  };
}

/** Where a relay keeps a response. Only at the origin that was asked, for it gets what was sent there. */
function placeAtRelay({ response: { headers }, url }: Followed, asked: URL): URL | undefined {
  const location = headers.get("tidewire-stream") && headers.get("location");
  if (!location) return undefined;
  try {
    const place = new URL(location, url);
    return place.origin === asked.origin ? place : undefined;
  } catch {
    return undefined;
  }
}

async function send(own: Fetch | undefined, base: URL | Request, to: URL, sent: RequestInit): Promise<Followed> {
  const request = own ?? defaultFetch();
  if (request === undefined) throw usage("there is no fetch here; give one as the option fetch");
  const { location } = globalThis as { location?: Location };
  let followed: Followed;
  try {
    const redirect = sent.redirect ?? (base instanceof Request ? base.redirect : "follow");
    const isOurs = location === undefined && redirect === "follow" && request.transport !== "xhr";
    followed = isOurs ? await follow(request, base, to, sent) : { response: await request(base, sent), url: to, lostCursor: false };
  } catch (cause) {
    // A page is not told what another origin refused; that it may have been that is all that can be said.
    const isForeign = cause instanceof TypeError && location !== undefined && location.origin !== to.origin;
    throw isForeign ? new TypeError("another origin, which may not allow this (CORS)", { cause }) : cause;
  }
  const { response } = followed;
  if (!isResponse(response)) throw usage(`fetch gave ${response === null ? "null" : typeof response} instead of a Response`);
  if (response.redirected) followed.url = absolute(response.url);
  return followed;
}

/** Refuses what no attempt of `fetch` can request. */
function refuseScheme({ protocol }: URL): void {
  const { location } = globalThis as { location?: Location };
  // An app in a web view has a scheme of its own.
  if (!/^(https?|data|blob):$/.test(protocol) && protocol !== location?.protocol) throw usage(`fetch cannot request ${protocol} URLs`);
}

/** What the platform refuses to make a request of, it refuses each time: the caller has to know, and a retry changes nothing. */
function askPlatform(url: URL, sent: RequestInit): void {
  // The platform's own words would show the password.
  if (url.username + url.password) throw usage("fetch takes no URL with a user name or password; send an Authorization header");
  const { body } = sent;
  if (isStream(body) && body.locked) throw usage("the request's body has been used already");
  try {
    // An empty body for any other: a request of its own would use up a stream.
    new Request(url, body === undefined ? sent : { ...sent, body: "" });
  } catch (cause) {
    throw usage(`this request cannot be sent: ${words(cause)}`, cause);
  }
}

function textOf(json: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(json);
  } catch (cause) {
    throw usage(`json: ${words(cause)}`, cause);
  }
  if (text === undefined) throw impossible("json", json, "a value that JSON can hold");
  return text;
}

/** The bytes of a body, so that the function that signs them sees what is sent; a stream of bytes stays as it is. */
async function bytesOf(body: SomeBody, shown: AttemptRequest): Promise<SomeBody> {
  if (!body || isStream(body)) return body;
  const read = new Response(body);
  const type = read.headers.get("content-type");
  if (type !== null && !shown.headers.has("content-type")) shown.headers.set("content-type", type);
  return (shown.body = new Uint8Array(await read.arrayBuffer()));
}

/** Says after which event a response is to continue. A cursor that cannot be a header is not sent. */
export function putCursor(headers: Headers, cursor: string | undefined): void {
  // A header's characters are bytes; those of UTF-8 here, as every EventSource sends them.
  const bytes = Array.from(encode(cursor ?? ""), (byte) => String.fromCharCode(byte)).join("");
  if (/^[^\0-\x08\n-\x1f\x7f]+$/.test(bytes)) headers.set("last-event-id", bytes);
}

/** Adds headers, which replace those of the same name. Throws a `TidewireError` for one that can never be sent. */
export function merged(headers: Headers, more: SomeHeaders | undefined): Headers {
  try {
    new Headers(more).forEach((value, name) => headers.set(name, value));
    return headers;
  } catch {
    // The platform's words have the value in them, which may be a key.
    const pairs = (Array.isArray(more) ? more : Object.entries(more ?? {})) as [string, string][];
    const bad = pairs.find((pair) => {
      try {
        return !new Headers([pair]);
      } catch {
        return true;
      }
    });
    throw usage(`headers: the name or the value of ${JSON.stringify(bad?.[0])} cannot be sent`);
  }
}

/** What a part of the request is in this attempt. */
export function each<T, G>(part: PerAttempt<T, G>, given: G): T | Promise<T> {
  return typeof part === "function" ? (part as (given: G) => T | Promise<T>)(given) : part;
}

/** Relative to the page or the worker, if there is one. */
export function absolute(url: string | URL): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  try {
    return new URL(url, document?.baseURI ?? location?.href);
  } catch (cause) {
    throw usage(`not a URL: ${url}`, cause);
  }
}
