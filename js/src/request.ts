import { TidewireError } from "./error.js";
import type { Attempt, StreamOptions } from "./options.js";

/** The request as the caller wants it, of which each attempt's is made. */
export class Plan {
  readonly repeatable: boolean;
  readonly idempotent: boolean;
  readonly #init: RequestInit;
  readonly #method: string;

  constructor(
    readonly input: string | URL | Request,
    readonly options: StreamOptions,
  ) {
    const { json, form, body, headers: _, signal: __, ...init } = options;
    const given = input instanceof Request ? input : undefined;
    const hasBody = json !== undefined || form !== undefined || (body !== undefined && body !== null);
    this.#method = (options.method ?? given?.method ?? (hasBody ? "POST" : "GET")).toUpperCase();
    this.#init = init;
    const once = body instanceof ReadableStream || (!hasBody && !!given?.body);
    this.repeatable = !once;
    this.idempotent =
      options.idempotent === true || options.idempotencyKey !== undefined || ["GET", "HEAD"].includes(this.#method);
  }

  /** Sends the request of an attempt. `continues` says that records have come, so that it goes on behind them. */
  async send(attempt: Attempt, continues: boolean, accept: string, signal: AbortSignal): Promise<() => Promise<Response>> {
    const { options, input } = this;
    const given = input instanceof Request ? input : undefined;
    const headers = new Headers(options.headers === undefined ? given?.headers : await made(options.headers, attempt));
    let body = await made(options.body, attempt);
    if (options.json !== undefined) {
      body = JSON.stringify(options.json);
      if (!headers.has("content-type")) headers.set("content-type", "application/json");
    } else if (options.form !== undefined) {
      body = new URLSearchParams(options.form);
    }
    if (!headers.has("accept")) headers.set("accept", accept);
    if (options.idempotencyKey !== undefined) headers.set("idempotency-key", options.idempotencyKey);
    const init: RequestInit = { cache: "no-store", ...this.#init, method: this.#method, headers, signal };
    if (body !== undefined && body !== null) init.body = body;
    if (body instanceof ReadableStream) Object.assign(init, { duplex: "half" });
    let target: string | URL | Request = given ?? this.url();
    if (attempt.cursor !== undefined) {
      if (continues && typeof options.resume === "function") {
        const { url, ...other } = await options.resume(attempt.cursor);
        if (url !== undefined) target = absolute(url);
        if (other.headers !== undefined) other.headers = merged(headers, other.headers);
        if (other.method !== undefined && other.body === undefined) {
          delete init.body;
          headers.delete("content-type");
        }
        Object.assign(init, other);
      } else {
        headers.set("last-event-id", isomorphic(attempt.cursor));
      }
    }
    const send = options.fetch ?? fetch;
    return () => send(target, init);
  }

  /** The URL with its query; throws where it is none. */
  url(): URL {
    const { input, options } = this;
    const url = absolute(input instanceof Request ? input.url : input);
    for (const [name, value] of Object.entries(entries(options.query))) url.searchParams.append(name, String(value));
    return url;
  }
}

function entries(query: StreamOptions["query"]): Record<string, string | number | boolean> {
  return query instanceof URLSearchParams ? Object.fromEntries(query) : (query ?? {});
}

function made<T>(part: T | ((attempt: Attempt) => T | Promise<T>), attempt: Attempt): T | Promise<T> {
  return typeof part === "function" ? (part as (attempt: Attempt) => T | Promise<T>)(attempt) : part;
}

function merged(headers: Headers, more: HeadersInit): Headers {
  new Headers(more).forEach((value, name) => headers.set(name, value));
  return headers;
}

/** Relative to the page or the worker, where there is one. */
function absolute(url: string | URL): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  try {
    return new URL(url, document?.baseURI ?? location?.href);
  } catch (cause) {
    throw new TidewireError("usage", `not a URL: ${url}`, { cause });
  }
}

/** A header's characters are bytes; those of UTF-8 here, as every EventSource sends them. */
function isomorphic(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}
