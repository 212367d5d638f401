import { usage } from "./error.js";
import { GrowingText } from "./growing-text.js";
import type { Fetch } from "./host.js";
import { isStream } from "./response.js";

/** The most text of one request, in bytes of UTF-8: XMLHttpRequest holds all of it until the request is over. */
const MOST_TEXT = 16 * 1024 * 1024;
/**
 * In browsers each look at a text may copy all of it (Chromium: 40 ms at 16 MiB). A longer one is looked at every 50 ms at most, and for a fifth
 * of the time at most; WebKit tells of each piece.
 */
const SHORT_TEXT = 256 * 1024;
const LONG_LOOK_MS = 50;
const PAUSE = 4;
/** Others tell of what came in 50 ms at once. A request that breaks has no text any more, so a short text is looked at in between. */
const LOOK_MS = 10;
const LOOKS = 5;

const HEADERS_RECEIVED = 2;
const LOADING = 3;

/**
 * A `fetch` over XMLHttpRequest, whose text grows while it arrives. Its responses have what a stream needs of a `Response`. It does not
 * wait for a slow reader, and breaks a body off at the limit. Of the options of `fetch` it knows `method`, `headers`, `body`, `credentials`,
 * `cache: "no-store"` and `signal`.
 */
export function fetchOverXhr(limit = MOST_TEXT): Fetch {
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    if (typeof XMLHttpRequest === "undefined") {
      throw usage("there is neither a fetch that streams nor an XMLHttpRequest here; give a fetch that streams as the option fetch");
    }
    const given = input instanceof Request ? input : undefined;
    const redirect = init.redirect ?? given?.redirect ?? "follow";
    if (redirect !== "follow") throw usage(`redirect: XMLHttpRequest cannot do "${redirect}", it follows every redirect`);
    const { method = "GET" } = given ?? {};
    const sent = { ...init, method: init.method ?? method, headers: new Headers(init.headers ?? given?.headers) };
    if (given && !init.body && !/^(GET|HEAD)$/.test(sent.method)) sent.body = await given.arrayBuffer();
    return exchange(given?.url ?? String(input), sent, limit);
  };
  return Object.assign(send, { transport: "xhr" as const });
}

interface Sent extends RequestInit {
  method: string;
  headers: Headers;
}

function exchange(url: string, sent: Sent, limit: number): Promise<Response> {
  const { method, headers, credentials, signal } = sent;
  const body = bodyOf(sent);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    const request = new XMLHttpRequest();
    const text = new GrowingText(limit, () => request.abort());
    const fail = (error: unknown): void => {
      reject(error);
      text.broke(error);
    };
    const answered = (): void => resolve(responseOf(request, url, text));
    let lookedAt = -Infinity;
    let pause = LONG_LOOK_MS;
    const look = (): void => {
      const began = performance.now();
      text.grew(request.responseText);
      lookedAt = performance.now();
      pause = Math.max(LONG_LOOK_MS, PAUSE * (lookedAt - began));
    };
    // React Native does not have this method, and tells of each piece when it comes.
    const isBrowser = "overrideMimeType" in request;
    let looks = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lookAgain = (): void => {
      timer = undefined;
      if (request.readyState !== LOADING) return;
      look();
      if (--looks > 0) timer = setTimeout(lookAgain, LOOK_MS);
    };
    const progressed = (): void => {
      const isShort = text.length < SHORT_TEXT;
      // Not by the timer alone: where very much arrives, timers come late, and the text would grow without bound.
      if (isShort || !isBrowser || performance.now() - lookedAt >= pause) look();
      looks = isShort ? LOOKS : 1;
      if (isBrowser) timer ??= setTimeout(lookAgain, isShort ? LOOK_MS : pause);
    };

    request.open(method, url);
    request.overrideMimeType?.("text/plain; charset=utf-8");
    // React Native sends cookies unless it is told not to.
    if (credentials === "include" || credentials === "omit") request.withCredentials = credentials === "include";
    // In a page this would ask for a preflight behind a redirect.
    if (sent.cache === "no-store" && !isPage() && !headers.has("cache-control")) headers.set("cache-control", "no-cache");
    headers.forEach((value, name) => request.setRequestHeader(name, value));
    request.onreadystatechange = () => {
      if (request.readyState === HEADERS_RECEIVED) answered();
      else if (request.readyState === LOADING) progressed();
    };
    request.onprogress = progressed;
    request.onload = () => {
      answered();
      text.ended(request.responseText, lengthOf(request, method, url));
    };
    request.onerror = () => fail(new TypeError("the network failed, or refused this (XMLHttpRequest does not say more)"));
    request.ontimeout = () => fail(new TypeError("the platform's own time limit passed"));
    request.onabort = () => fail(signal?.reason ?? new TypeError("the request was aborted"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** A body as XMLHttpRequest sends it, with the content type that `fetch` would add. */
function bodyOf({ body, headers }: Sent): XMLHttpRequestBodyInit | null {
  if (isStream(body)) throw usage("body: XMLHttpRequest cannot send a stream of bytes");
  const isForm = body instanceof URLSearchParams;
  if (!isForm && typeof body !== "string") return body ?? null;
  if (!headers.has("content-type")) headers.set("content-type", `${isForm ? "application/x-www-form-urlencoded" : "text/plain"};charset=UTF-8`);
  return String(body);
}

function responseOf(request: XMLHttpRequest, asked: string, text: GrowingText): Response {
  const reader = { read: () => text.read(), cancel: async () => request.abort() };
  return {
    status: request.status,
    headers: headersOf(request),
    body: { getReader: () => reader },
    // React Native knows it a little later than the head.
    get url() {
      return request.responseURL || asked;
    },
    get redirected() {
      return !["", asked.replace(/#.*/, "")].includes(request.responseURL ?? "");
    },
  } as unknown as Response;
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers();
  for (const line of (request.getAllResponseHeaders() ?? "").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    try {
      if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      // Not a header that fetch would show.
    }
  }
  return headers;
}

/** How many bytes the body must have; 0 if that is not known, as of a compressed one. Another origin does not show whether it is compressed. */
function lengthOf(request: XMLHttpRequest, method: string, asked: string): number {
  const headers = headersOf(request);
  const isPlain = method !== "HEAD" && !headers.has("content-encoding") && !isForeign(request.responseURL || asked);
  return isPlain ? Number(headers.get("content-length")) || 0 : 0;
}

function isPage(): boolean {
  return (globalThis as { location?: Location }).location !== undefined;
}

/** Whether it is at another origin than the page; outside of pages there is no such thing. */
function isForeign(url: string): boolean {
  return isPage() && new URL(url).origin !== location.origin;
}
