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

export function isBody(source: unknown): source is Body {
  const { getReader, [Symbol.asyncIterator]: iterate } = Object(source);
  return typeof (getReader ?? iterate) === "function";
}

/** What was read elsewhere would look empty. */
export function refuseUsed(source: Source): void {
  const { bodyUsed, locked, body } = source as Response & ReadableStream;
  if (bodyUsed || locked || body?.locked) throw usage("the body has been read already");
}

/** `isHead` says that the request's method asks for no body; the others are those of a head. */
export function headOf(response: Response, isHead = false, isRelayed = false, lostCursor = false): Head {
  refuseUsed(response);
  const { status, headers, body } = response;
  if (body !== undefined) return { status, headers, isRelayed, lostCursor, ...bytesOf(body) };
  // Without streaming there is no such property. What a refused response says can be had as text.
  const isGood = status >= 200 && status < 300;
  if (isGood && !isHead && status !== 204 && status !== 205 && headers.get("content-length") !== "0") {
    const ways = 'import from "tidewire/js", which uses XMLHttpRequest then, or give xhr of "tidewire/xhr" or a fetch such as expo/fetch as the option fetch';
    throw usage(`this fetch gives no body that can be streamed, as in React Native; ${ways}`);
  }
  return { status, headers, isRelayed, lostCursor, ...bytesOf(isGood || !response.text ? null : textOf(response)) };
}

/** By what it has: not every host has the class. */
export function isStream(body: unknown): body is ReadableStream {
  return typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === "function";
}

async function* textOf(response: Response): AsyncGenerator<Uint8Array> {
  yield encode(await response.text());
}

export function bytesOf(body: Body | null): Pick<Head, "read" | "cancel"> {
  if (body === null) return { read: async () => ({ done: true }), cancel: () => {} };
  if (!isBody(body)) throw usage("the body of this Response is not a stream of bytes");
  refuseUsed(body);
  if ("getReader" in body) {
    const reader = body.getReader();
    // It rejects with what aborted it.
    return { read: () => reader.read(), cancel: () => void reader.cancel().catch(() => {}) };
  }
  const iterator = body[Symbol.asyncIterator]();
  return { read: async () => iterator.next(), cancel: () => void (async () => iterator.return?.())().catch(() => {}) };
}
