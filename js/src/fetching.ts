import { TidewireError } from "./error.js";
import type { Item, SseEvent } from "./items.js";
import { machineOf } from "./options.js";
import type { ReadOptions, StreamOptions } from "./options.js";
import { DEFAULT_MAX_EVENT_BYTES } from "./parser.js";
import { Plan } from "./request.js";
import { Streaming } from "./stream.js";
import type { Head, Transport } from "./stream.js";

/**
 * Requests a stream and reads it: `for await (const event of stream(url, { method: "POST", json }))`.
 *
 * Name what it brings where that is not SSE: `stream<JsonRecord<Token>>(url)`. Throws a {@link TidewireError} with the code `usage`
 * for options that cannot be so; all else is thrown by the loop.
 */
export function stream<T extends Item = SseEvent>(input: string | URL | Request, options: StreamOptions = {}): Streaming<T> {
  const plan = new Plan(input, options);
  plan.url();
  const machine = machineOf(options, { idempotent: plan.idempotent, repeatable: plan.repeatable });
  const accept = machine.accept();
  const transport: Transport = {
    prepare: async (attempt, continues, signal) => {
      const send = await plan.send(attempt, continues, accept, signal);
      return async () => headOf(await send());
    },
  };
  return streaming<T>(machine, transport, options);
}

/** Bytes from anywhere. */
export type Source = Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Reads one reply that is already there, to its end. A reply's status and content type count; bytes alone go by the first of them. */
export function parse<T extends Item = SseEvent>(source: Source, options: ReadOptions = {}): Streaming<T> {
  const response = source instanceof Response;
  if (response && source.bodyUsed) throw new TidewireError("usage", "the body has been read already");
  const once: StreamOptions = { ...options, retryAttempts: 0, resume: "never" };
  const machine = machineOf(once, { sniff: !response, repeatable: false });
  const head = (): Head => (response ? headOf(source) : headOfBytes(source));
  return streaming<T>(machine, { prepare: async () => async () => head() }, options);
}

function streaming<T extends Item>(
  machine: ReturnType<typeof machineOf>,
  transport: Transport,
  options: StreamOptions,
): Streaming<T> {
  const limit = options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES;
  return new Streaming<T>(machine, transport, options, limit, options.lastEventId, options.signal);
}

function headOf({ status, headers, body }: Response): Head {
  return { status, headers, ...(body === null ? empty : readerOf(body)) };
}

function headOfBytes(source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Head {
  const bytes = source instanceof ReadableStream ? readerOf(source) : iteratorOf(source);
  return { status: 200, headers: new Headers(), ...bytes };
}

type Bytes = Pick<Head, "read" | "cancel">;

const empty: Bytes = { read: async () => ({ done: true }), cancel: () => {} };

function readerOf(body: ReadableStream<Uint8Array>): Bytes {
  const reader = body.getReader();
  return {
    read: () => reader.read(),
    // What it rejects with is what aborted it.
    cancel: () => void reader.cancel().catch(() => {}),
  };
}

function iteratorOf(source: AsyncIterable<Uint8Array>): Bytes {
  const iterator = source[Symbol.asyncIterator]();
  return {
    read: async () => {
      const { done, value } = await iterator.next();
      return done ? { done: true } : { done: false, value };
    },
    cancel: () => void Promise.resolve(iterator.return?.()).catch(() => {}),
  };
}
