import { encode } from "./core.js";
import { TidewireError } from "./error.js";
import type { Attempt, PerAttempt, StreamOptions } from "./options.js";

/** The request as the caller wants it, of which each attempt's is made. */
export interface Plan {
  repeatable: boolean;
  idempotent: boolean;
  signal: AbortSignal | null | undefined;
  /** The method and the URL. */
  request: string;
  /** Makes the request of an attempt ready. `continues` says that records have come, so that it goes on behind them. */
  prepare(attempt: Attempt, continues: boolean, accept: string, signal: AbortSignal): Promise<() => Promise<Response>>;
}

/** Throws a `TidewireError` with the code `usage` for what can be no request. */
export function planOf(input: string | URL | Request, options: StreamOptions): Plan {
  const { json, form, query, headers, body, signal, resume, ...init } = options;
  const [given, url] = input instanceof Request ? [input, absolute(input.url)] : [undefined, absolute(input)];
  if (given?.bodyUsed) throw new TidewireError("usage", "the request's body has been used already");
  for (const [name, value] of query instanceof URLSearchParams ? query : Object.entries(query ?? {})) {
    url.searchParams.append(name, String(value));
  }
  const hasBody = json !== undefined || (form ?? body ?? undefined) !== undefined;
  const method = (options.method ?? given?.method ?? (hasBody ? "POST" : "GET")).toUpperCase();

  return {
    repeatable: !(body instanceof ReadableStream || (!hasBody && given?.body)),
    idempotent: options.idempotent === true || method === "GET" || method === "HEAD",
    signal: signal ?? given?.signal,
    request: `${method} ${url}`,
    async prepare(attempt, continues, accept, signal) {
      const { cursor } = attempt;
      const made = new Headers(await each(headers ?? given?.headers, attempt));
      const ask = (name: string, value: string): void => {
        if (!made.has(name)) made.set(name, value);
      };
      const sent: RequestInit & { duplex?: string } = { cache: "no-store", ...init, method, headers: made, signal };
      const content = form === undefined ? await each(body, attempt) : new URLSearchParams(form);
      if (json !== undefined) {
        sent.body = JSON.stringify(json);
        ask("content-type", "application/json");
      } else if (content !== undefined && content !== null) {
        sent.body = content;
        if (content instanceof ReadableStream) sent.duplex = "half";
      }
      ask("accept", accept);
      if (options.idempotencyKey !== undefined) made.set("idempotency-key", options.idempotencyKey);
      let target: URL | Request = given === undefined ? url : query === undefined ? given : new Request(url, given);
      if (cursor !== undefined && continues && typeof resume === "function") {
        const { url, headers: more, ...other } = await resume(cursor);
        if (url !== undefined) target = absolute(url);
        if (other.method !== undefined && other.body === undefined) {
          delete sent.body;
          made.delete("content-type");
        }
        merged(made, more);
        Object.assign(sent, other);
      } else {
        putCursor(made, cursor);
      }
      return () => (options.fetch ?? fetch)(target, sent).catch(explained(url));
    },
  };
}

/** A page is not told what another origin refused; that it may have been that is all there is to say. */
function explained(url: URL): (error: Error) => never {
  return (cause) => {
    const { location } = globalThis as { location?: Location };
    const isForeign = cause instanceof TypeError && location !== undefined && location.origin !== url.origin;
    throw isForeign ? new TypeError("another origin, which may not allow this (CORS)", { cause }) : cause;
  };
}

/** Says behind which event a reply is to go on. One that cannot be a header is not sent. */
export function putCursor(headers: Headers, cursor: string | undefined): void {
  // A header's characters are bytes; those of UTF-8 here, as every EventSource sends them.
  const bytes = Array.from(encode(cursor ?? ""), (byte) => String.fromCharCode(byte)).join("");
  if (/^[^\0-\x08\n-\x1f\x7f]+$/.test(bytes)) headers.set("last-event-id", bytes);
}

/** The headers with more of them, which win by their names. */
export function merged(headers: Headers, more: RequestInit["headers"]): Headers {
  new Headers(more).forEach((value, name) => headers.set(name, value));
  return headers;
}

/** What a part of the request is in this attempt. */
export function each<T>(part: PerAttempt<T>, attempt: Attempt): T | Promise<T> {
  return typeof part === "function" ? (part as (attempt: Attempt) => T | Promise<T>)(attempt) : part;
}

/** Relative to the page or the worker, where there is one. */
export function absolute(url: string | URL): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  try {
    return new URL(url, document?.baseURI ?? location?.href);
  } catch (cause) {
    throw new TidewireError("usage", `not a URL: ${url}`, { cause });
  }
}
