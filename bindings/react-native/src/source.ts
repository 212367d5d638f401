import type { State } from "tidewire";
import { native, refusal, usage } from "./error";
import { Item_Tags, NativeClient, NativeDecoder, StreamKind } from "./native";
import type { Batch, StreamEnd, StreamStats } from "./native";
import { isForLoop } from "./items";
import { clientSettings, decodeSettings, requestHooks, requestSettings } from "./options";
import type { Dialected, Input, ParseOptions, StreamOptions } from "./options";
import { NO_STATS, statsOf } from "./outcome";
import type { Stats } from "./outcome";

/** Where a stream's items come from: a request, or a body that is there already. They are numbered from 0. */
export interface Source {
  /** Acknowledges the items before `number`, and waits for the next ones. */
  next(number: bigint): Promise<Batch>;
  /** Ends it. A `next` that waits returns. */
  stop(): void;
  /** What was read and not acknowledged when it was stopped. */
  rest(number: bigint): Batch["items"];
  end(): StreamEnd | undefined;
  pause(): void;
  resume(): void;
  reconnect(): void;
  check(away: bigint): void;
  readonly state: State;
  readonly stats: Stats;
  lastEventId(number: bigint): string | undefined;
  /** The message of a reply so far, as a line of JSON. */
  message(): string | undefined;
  free(): void;
}

/** As many as there are: the native library bounds what it reads ahead. */
const MOST = 2 ** 32 - 1;

let shared: NativeClient | undefined;

/** The client of streams that belong to no other. */
export function defaultClient(): NativeClient {
  return (shared ??= new NativeClient(clientSettings({})));
}

/** A stream over the native client. Nothing is sent before its first item is asked for. */
export function requested(client: NativeClient, kind: StreamKind, input: Input, options: StreamOptions & Dialected): Source {
  const stream = native(() => client.open(kind, requestSettings(input, options), requestHooks(options)));
  return {
    next: (number) =>
      stream.nextBatch(number, MOST).catch((error: unknown) => {
        throw refusal(error);
      }),
    stop: () => stream.stop(),
    rest: (number) => stream.nextBatchBlocking(number, MOST, 0n).items,
    end: () => stream.outcome(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    reconnect: () => stream.reconnect(),
    check: (away) => stream.check(away),
    get state() {
      return stream.state().name as State;
    },
    get stats() {
      return statsOf(stream.stats());
    },
    lastEventId: (number) => stream.lastEventId(number),
    message: () => stream.message(),
    free: () => stream.uniffiDestroy(),
  };
}

/** Bytes from anywhere. */
export type Body = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export function isBody(source: unknown): source is Body {
  const { getReader, [Symbol.asyncIterator]: iterate } = Object(source) as Partial<ReadableStream & AsyncIterable<Uint8Array>>;
  return typeof (getReader ?? iterate) === "function";
}

/** A body that is there already, through the native decoder. */
export function decoded(body: Body, options: ParseOptions & Dialected): Source {
  if (!isBody(body)) throw usage("this is not a body; give a ReadableStream or an async iterable of Uint8Arrays");
  return new Decoding(body, native(() => new NativeDecoder(decodeSettings(options))));
}

/** It is read when it is asked, so there is nothing to pause, and nothing to connect to. */
class Decoding implements Source {
  readonly #decoder: NativeDecoder;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #state: State = "idle";
  #end: StreamEnd | undefined;
  #read: StreamStats = { ...NO_STATS };
  /** What was handed over last, the number of its first item, and the last event id before that. */
  #items: Batch["items"] = [];
  #first = 0n;
  #id: string | undefined;
  /** Ends the wait for a piece. */
  #wake: (() => void) | undefined;

  constructor(body: Body, decoder: NativeDecoder) {
    this.#decoder = decoder;
    this.#pieces = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : piecesOf(body);
  }

  async next(number: bigint): Promise<Batch> {
    this.#id = this.lastEventId(number);
    this.#first = number;
    this.#items = [];
    this.#state = "open";
    const piece = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      this.#pieces.next().then(resolve, reject);
    });
    if (!piece) return { items: [], end: this.#end };
    const { done, value } = piece;
    if (!done && !(value instanceof Uint8Array)) throw usage("bytes must come as a Uint8Array");
    const batch = done ? this.#decoder.finish() : this.#decoder.push(value);
    this.#items = batch.items;
    this.#read.bytes += BigInt(done ? 0 : value.length);
    this.#read.events += BigInt(batch.items.filter(isForLoop).length);
    if (batch.end) this.#close(batch.end);
    return batch;
  }

  stop(): void {
    this.#close({ code: "cancelled", message: "", headers: [], stats: this.#read });
    this.#wake?.();
  }

  rest(number: bigint): Batch["items"] {
    return this.#items.slice(Number(number - this.#first));
  }

  end(): StreamEnd | undefined {
    return this.#end;
  }

  pause(): void {}
  resume(): void {}
  reconnect(): void {}
  check(_away: bigint): void {}

  get state(): State {
    return this.#state;
  }

  get stats(): Stats {
    return statsOf(this.#end?.stats ?? this.#read);
  }

  lastEventId(number: bigint): string | undefined {
    const taken = this.#items.slice(0, Number(number - this.#first)).reverse();
    const event = taken.find((item) => item.tag === Item_Tags.Event);
    return event ? event.inner.id || undefined : this.#id;
  }

  message(): string | undefined {
    return this.#decoder.message();
  }

  free(): void {
    this.#decoder.uniffiDestroy();
  }

  /** What comes after the end is not read. */
  #close(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#state = "closed";
    void Promise.resolve(this.#pieces.return?.()).catch(() => {});
  }
}

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  const reader = body.getReader();
  try {
    for (let read; !(read = await reader.read()).done; ) yield read.value;
  } finally {
    void reader.cancel().catch(() => {});
  }
}
