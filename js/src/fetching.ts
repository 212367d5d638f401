import { TidewireError } from "./error.js";
import type { Admit, Head } from "./exchange.js";
import type { Item, SseEvent } from "./items.js";
import { machineOf } from "./options.js";
import type { ReadOptions, StreamOptions } from "./options.js";
import { onReturn } from "./page.js";
import { planOf } from "./request.js";
import { Streaming } from "./stream.js";
import type { Made } from "./stream.js";

/** Requests a stream. */
export function stream<T extends Item = SseEvent>(input: string | URL | Request, options?: StreamOptions): Streaming<T> {
  return open(Streaming<T>, input, options);
}

/** The same, of a kind of stream; `admit` gives it its place where not all may be open at a time, `plan` makes its requests. */
export function open<S extends Streaming<unknown>>(
  Made: Made<S>,
  input: string | URL | Request,
  options: StreamOptions = {},
  admit?: Admit,
  plan = planOf(input, options),
): S {
  const machine = machineOf({ ...options, idempotent: plan.idempotent, repeatable: plan.repeatable });
  const accept = machine.accept();
  const over = new AbortController();
  const streaming = new Made(machine, { ...options, signal: plan.signal }, {
    admit: admit && (() => admit(over.signal)),
    async prepare(attempt, continues, signal) {
      if (attempt.attempt === 1) onReturn(() => streaming.check(), over.signal);
      const send = await plan.prepare(attempt, continues, accept, signal);
      return async () => headOf(await send());
    },
  });
  void streaming.outcome.then(() => over.abort());
  return streaming;
}

/** Bytes from anywhere. */
export type Source = Response | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Reads one reply that is already there, to its end. A reply's status and content type count; bytes alone go by the first of them. */
export function parse<T extends Item = SseEvent>(source: Source, options: ReadOptions = {}): Streaming<T> {
  return read(Streaming<T>, source, options);
}

/** The same, of a kind of stream. */
export function read<S extends Streaming<unknown>>(Made: Made<S>, source: Source, options: ReadOptions): S {
  const [response, body] = source instanceof Response ? [source, source.body] : [undefined, source];
  if (response?.bodyUsed || (body instanceof ReadableStream && body.locked)) {
    throw new TidewireError("usage", "the body has been read already");
  }
  const machine = machineOf({ ...options, retryAttempts: 0, resume: "never", sniff: !response, repeatable: false });
  const head = (): Head => (response ? headOf(response) : { status: 200, headers: new Headers(), ...bytesOf(body) });
  return new Made(machine, options, { prepare: async () => async () => head() });
}

function headOf({ status, headers, body }: Response): Head {
  return { status, headers, ...bytesOf(body) };
}

function bytesOf(body: Exclude<Source, Response> | null): Pick<Head, "read" | "cancel"> {
  if (body instanceof ReadableStream) {
    const reader = body.getReader();
    // What it rejects with is what aborted it.
    return { read: () => reader.read(), cancel: () => void reader.cancel().catch(() => {}) };
  }
  const iterator = body?.[Symbol.asyncIterator]();
  return {
    read: async () => (await iterator?.next()) ?? { done: true, value: undefined },
    cancel: () => void (async () => iterator?.return?.())().catch(() => {}),
  };
}
