import { encode } from "./core.js";
import { usage } from "./error.js";
import type { Head } from "./exchange.js";

/** Bytes from anywhere. */
export type Source = Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export type Body = Exclude<Source, Response>;

/** By what it has: it may come from another window, or from a `fetch` that is not the platform's. */
export function isResponse(source: unknown): source is Response {
  const { status, headers } = (source ?? {}) as Partial<Response>;
  return typeof status === "number" && typeof headers?.get === "function";
}

/** By what it has: not every host has the class. */
export function isStream(body: unknown): body is ReadableStream {
  return typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === "function";
}

function isBody(source: unknown): source is Body {
  return isStream(source) || typeof (source as Partial<Exclude<Body, ReadableStream>> | null)?.[Symbol.asyncIterator] === "function";
}

/** What was read elsewhere would look empty. */
export function refuseUsed(source: unknown): void {
  const { bodyUsed, locked, body } = (source ?? {}) as Partial<Response & ReadableStream>;
  if (bodyUsed || locked || body?.locked) throw usage("the body has been read already");
}

/** What is given to be read as the response that it is, or as the body of one. */
export function responseOf(source: Source): Response {
  if (isResponse(source)) return source;
  if (!isBody(source)) throw usage(`this is not a body but ${typeof source}; give a Response, a ReadableStream, or an async iterable of Uint8Arrays`);
  return { status: 200, headers: new Headers(), body: source } as unknown as Response;
}

/** `isHead` says that the request's method asks for no body. */
export function headOf(response: Response, isHead = false): Head {
  refuseUsed(response);
  const { status, headers, body } = response;
  const isGood = status >= 200 && status < 300;
  // Without streaming there is no such property. What a refused response says can be had as text.
  const isBare = body === undefined;
  if (isBare && isGood && !isHead && status !== 204 && status !== 205 && headers.get("content-length") !== "0") {
    const ways = 'import from "tidewire/js", which uses XMLHttpRequest, or give xhr of "tidewire/xhr" or expo/fetch as the option fetch';
    throw usage(`this fetch gives no body that can be streamed, as in React Native; ${ways}`);
  }
  return { status, headers, ...bytesOf(body ?? textOf(isBare && !isGood ? response : undefined)) };
}

async function* textOf(response: Partial<Response> | undefined): AsyncGenerator<Uint8Array> {
  const text = await response?.text?.();
  if (text) yield encode(text);
}

function bytesOf(body: Body): Pick<Head, "read" | "cancel"> {
  if (isStream(body)) {
    const reader = body.getReader();
    // It rejects with what aborted it.
    return { read: () => reader.read(), cancel: () => void reader.cancel().catch(() => {}) };
  }
  if (!isBody(body)) throw usage("the body is not a stream of bytes");
  const iterator = body[Symbol.asyncIterator]();
  return { read: async () => iterator.next(), cancel: () => void (async () => iterator.return?.())().catch(() => {}) };
}
