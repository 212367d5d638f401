import { encode } from "./core.js";
import { impossible, tried, usage } from "./error.js";
import type { Head } from "./exchange.js";
import type { Attempt, AttemptRequest, Continuation, Input, PerAttempt, SomeBody, SomeHeaders, StreamOptions } from "./options.js";
import { defaultFetch } from "./host.js";
import type { Fetch } from "./host.js";
import { page } from "./page.js";
import type { Followed } from "./redirect.js";
import { headOf, isResponse, isStream, refuseUsed } from "./response.js";

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
  /** Where a relay keeps the response: it is a GET of that. */
  relay?: URL | undefined;
  /** The request that continues after the attempt's cursor, if the cursor alone does not say so. */
  onward?: Continuation | undefined;
  accept: string;
  signal: AbortSignal;
}

/** The head of a response, and the URL that gave it, which is another one than was asked after a redirect. */
export interface Answer extends Head {
  asked: URL;
  url: URL;
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
  const { json, form, query, headers, body, signal, idempotencyKey: key, fetch: own, ...init } = options;
  const given = input instanceof Request ? input : undefined;
  if (own !== undefined && typeof own !== "function") throw impossible("fetch", own, "a function");
  refuseUsed(given);
  const text = json === undefined ? undefined : textOf(json);
  const content = text ?? (form && new URLSearchParams(form)) ?? body ?? undefined;
  const method = (options.method ?? given?.method ?? (content === undefined ? "GET" : "POST")).toUpperCase();
  const ownHeaders = headers ?? given?.headers;

  const complete = (from: string | URL): URL => {
    const url = absolute(typeof from === "string" && client ? client.resolve(from) : from);
    new URLSearchParams((query ?? "") as string).forEach((value, name) => url.searchParams.append(name, value));
    return url;
  };
  const url = typeof input === "function" ? undefined : complete(given?.url ?? (input as string | URL));
  const withKey = key === undefined ? undefined : { "idempotency-key": key };
  // What a function makes can be checked only in an attempt.
  for (const part of [withKey, client?.headers, ownHeaders]) if (typeof part !== "function") merged(new Headers(), part);
  if (url) check(url, { ...init, method, body: typeof content === "function" ? null : (content as SomeBody) }, own);

  return {
    repeatable: !(isStream(content) || (content === undefined && given?.body)),
    idempotent: method === "GET" || method === "HEAD",
    signal: signal ?? given?.signal,
    method,
    url,
    async prepare(attempt, { relay, onward: resumed, accept, signal }) {
      const onward: Continuation = relay ? { url: relay, method: "GET" } : (resumed ?? {});
      const isOnward = onward.method !== undefined || onward.body !== undefined;
      const made = new Headers({ accept });
      const request: AttemptRequest = { ...attempt, method: onward.method ?? method, url: "", headers: made };
      const to = onward.url === undefined ? (url ?? complete(await each(input as PerAttempt<string>, request))) : absolute(onward.url);
      request.url = to.href;

      if (text !== undefined && !isOnward) made.set("content-type", "application/json");
      let sentBody = isOnward ? onward.body : await each(content, request);
      const shared = client?.mayGoTo(to) ? client : undefined;
      const parts = [shared?.headers, ownHeaders];
      if (parts.some((part) => typeof part === "function")) sentBody = await bytesOf(sentBody, request);
      for (const part of [undefined, ...parts]) {
        merged(made, await each(part, request));
        // Before the functions, which see it, and after each of them, whatever it returns.
        if (!relay) merged(made, withKey);
        if (relay || !resumed) putCursor(made, attempt.cursor);
      }
      if (isOnward && onward.body === undefined) made.delete("content-type");
      merged(made, onward.headers);

      const sent = {
        cache: "no-store",
        ...init,
        method: request.method,
        headers: made,
        credentials: options.credentials ?? shared?.credentials ?? (onward.url && given?.credentials),
        body: sentBody,
        duplex: "half",
      } as RequestInit;
      check(to, sent, own);
      const base = given === undefined || onward.url !== undefined ? to : query === undefined ? given : new Request(to, given);
      return () => send(own, base, to, { ...sent, signal });
    },
  };
}

async function send(own: Fetch | undefined, base: URL | Request, to: URL, sent: RequestInit): Promise<Answer> {
  const request = own ?? defaultFetch();
  if (request === undefined) throw usage("there is no fetch; give one as the option fetch");
  const { location } = page;
  const redirect = sent.redirect ?? (base as Partial<Request>).redirect ?? "follow";
  const isOurs = location === undefined && redirect === "follow" && request.transport !== "xhr";
  if (isOurs) sent.redirect = "manual";
  let answer: Followed;
  try {
    answer = { response: await request(base, sent), url: to, lostCursor: false };
    if (isOurs && /^30[12378]$/.test(`${answer.response?.status}`)) answer = await (await redirects()).follow(request, answer, base, sent);
  } catch (cause) {
    // A page is not told what another origin refused; that it may have been that is all that can be said.
    const isForeign = cause instanceof TypeError && location && location.origin !== to.origin;
    throw isForeign ? new TypeError("another origin, which may not allow this (CORS)", { cause }) : cause;
  }
  const { response, lostCursor } = answer;
  if (!isResponse(response)) throw usage("fetch gave no Response");
  const url = response.redirected ? absolute(response.url) : answer.url;
  return { ...headOf(response, sent.method === "HEAD"), asked: to, url, lostCursor };
}

/** Loaded for the first redirect, which no page ever sees. */
const redirects = () =>
  import("./redirect.js").catch((cause: unknown) => {
    throw usage("redirect.js of tidewire, which follows redirects, cannot be loaded", cause);
  });

/** What the platform refuses to make a request of, it refuses each time: the caller has to know, and a retry changes nothing. */
function check(url: URL, sent: RequestInit, own: Fetch | undefined): void {
  const { protocol, username, password } = url;
  // An app in a web view has a scheme of its own, and a `fetch` of the caller's may know others.
  const isKnown = own !== undefined || /^(https?|data|blob):$/.test(protocol) || protocol === page.location?.protocol;
  if (!isKnown) throw usage(`fetch cannot request ${protocol} URLs`);
  // The platform's own words would show the password.
  if (username + password) throw usage("no user name or password in a URL; send an Authorization header");
  refuseUsed(sent.body);
  // An empty body for any other: a request of its own would use up a stream.
  tried("this request cannot be sent", () => new Request(url, { ...sent, body: sent.body == null ? null : "" }));
}

function textOf(json: unknown): string {
  const text = tried("json", () => JSON.stringify(json));
  if (text === undefined) throw impossible("json", json, "a value that JSON can hold");
  return text;
}

/** The bytes of a body, so that the function that signs them sees what is sent; a stream of bytes stays as it is. */
async function bytesOf(body: SomeBody | undefined, shown: AttemptRequest): Promise<SomeBody | undefined> {
  if (!body || isStream(body)) return body;
  const read = new Response(body);
  const type = read.headers.get("content-type");
  if (type !== null && !shown.headers.has("content-type")) shown.headers.set("content-type", type);
  return (shown.body = new Uint8Array(await read.arrayBuffer()));
}

/** Says after which event a response is to continue. A cursor that cannot be a header is not sent. */
function putCursor(headers: Headers, cursor = ""): void {
  // A header's characters are bytes; those of UTF-8 here, as every EventSource sends them.
  const bytes = encode(cursor).reduce((text, byte) => text + String.fromCharCode(byte), "");
  if (/^[^\0-\x08\n-\x1f\x7f]+$/.test(bytes)) headers.set("last-event-id", bytes);
}

/** Adds headers, which replace those of the same name. Throws a `TidewireError` for one that can never be sent. */
export function merged(headers: Headers, more: SomeHeaders | undefined): Headers {
  const added = new Headers();
  for (const pair of (Symbol.iterator in Object(more) ? more : Object.entries(more ?? {})) as Iterable<[string, string]>) {
    try {
      added.append(...pair);
    } catch {
      // The platform's words have the value in them, which may be a key.
      throw usage(`headers: ${JSON.stringify(pair[0])} cannot be sent`);
    }
  }
  added.forEach((value, name) => headers.set(name, value));
  return headers;
}

/** What a part of the request is in this attempt. */
export function each<T, G>(part: PerAttempt<T, G>, given: G): T | Promise<T> {
  return typeof part === "function" ? (part as (given: G) => T | Promise<T>)(given) : part;
}

/** Relative to the page or the worker, if there is one. */
export function absolute(url: string | URL): URL {
  return tried(`not a URL: ${url}`, () => new URL(url, page.document?.baseURI ?? page.location?.href));
}
