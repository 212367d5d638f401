import type { SseEvent, State } from "tidewire";
import { usage, words } from "./error";
import { isForLoop, taken } from "./items";
import type { Hooks } from "./items";
import type { Item as NativeItem, StreamEnd } from "./native";
import { whole } from "./options";
import { NO_STATS, errorOf, outcomeOf } from "./outcome";
import type { Outcome, Stats } from "./outcome";
import type { Source } from "./source";

/** What a stream needs of its options; the rest is the native library's. */
export interface WrapperOptions extends Hooks {
  signal?: AbortSignal | null | undefined;
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A stream, read by `for await`. Nothing is sent before the first item is asked for, and nothing is read faster than items are
 * taken. The loop throws a `TidewireError` unless the stream is complete or ended; `break` ends the request.
 */
export class Streaming<T = SseEvent> implements AsyncIterableIterator<T, undefined> {
  /** How the stream ended; resolves once it has been read to its end, and never rejects. */
  readonly outcome: Promise<Outcome>;

  readonly #source: Source;
  readonly #options: WrapperOptions;
  /** The batch that is being taken, the number of its first item, and how many of it were taken. */
  #items: NativeItem[] = [];
  #first = 0n;
  #at = 0;
  /** The end that follows the batch. */
  #end: StreamEnd | undefined;
  /** One call of `next` after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #hasBegun = false;
  /** It is read as a whole, so that nobody else may take a part of it. */
  #isTaken = false;
  /** Resolves with `resume` or the end; absent unless it is paused. */
  #paused: { over: Promise<void>; end: () => void } | undefined;
  /** What the loop threw, or is to throw. */
  protected failure: { thrown: unknown } | undefined;
  /** It was aborted, and the loop has not thrown that yet. */
  #owesReason = false;
  /** What remains to be known of it once the native part is gone. */
  #closed: { stats: Stats; lastEventId: string | undefined; message: string | undefined } | undefined;
  #resolve!: (outcome: Outcome) => void;

  /** For `stream`, `parse` and clients. */
  constructor(source: Source, options: WrapperOptions) {
    this.#source = source;
    this.#options = options;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  get state(): State {
    if (this.#closed) return "closed";
    const { state } = this.#source;
    // It ends for the caller when its last item was taken.
    return state === "closed" ? "open" : state;
  }

  /** The cursor after what has been taken so far: to be stored, and given to a later stream. */
  get lastEventId(): string | undefined {
    return this.#closed ? this.#closed.lastEventId : this.#source.lastEventId(this.#number);
  }

  /** What the stream has delivered and used so far. */
  get stats(): Stats {
    return this.#closed?.stats ?? this.#source.stats;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.#isTaken ? Promise.reject(usage("this reply is being read as a whole; begin the loop before that, or use soFar")) : this.#next();
  }

  /** Ends the stream, as `break` does. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.close();
    return Promise.resolve(END);
  }

  /** What each read delivered, as one array: for rendering once a frame. */
  async *batches(): AsyncGenerator<T[], undefined> {
    try {
      for (let first; !(first = await this.next()).done; ) yield [first.value, ...this.#ready()];
    } finally {
      this.close();
    }
  }

  /** Reads the stream to its end without keeping its items. */
  async drain(): Promise<Outcome> {
    try {
      while (!(await this.#next()).done);
    } catch {
      // The outcome says it.
    }
    return this.outcome;
  }

  /** Stops the stream; the loop ends without an error. */
  close(): void {
    if (this.#closed) return;
    this.#source.stop();
    this.#finish(this.#source.end());
  }

  /** Hands out nothing and reads nothing until `resume`; all time limits but `timeout` stand still. */
  pause(): void {
    if (this.#paused || this.#closed) return;
    let end!: () => void;
    this.#paused = { over: new Promise((resolve) => (end = resolve)), end };
    this.#source.pause();
  }

  resume(): void {
    this.#paused?.end();
    this.#paused = undefined;
    if (!this.#closed) this.#source.resume();
  }

  /** Connects again at once, if the request may be sent again. */
  reconnect(): void {
    if (!this.#closed) this.#source.reconnect();
  }

  /**
   * Looks whether the stream is alive after an absence: the app was in the background, or the network is back. `away` is how long that was,
   * in milliseconds.
   *
   * A stream that waits connects at once. If the absence or the silence was as long as `stallAfter`, the connection gets a second to show
   * that it is alive; then another request continues the stream, if that loses nothing.
   */
  check(away = 0): void {
    const ms = whole("away", away);
    if (!this.#closed) this.#source.check(ms);
  }

  /** The message of a reply so far, as the native library writes it. */
  protected get line(): string | undefined {
    return this.#closed ? this.#closed.message : this.#source.message();
  }

  /** Reads the stream to its end if nobody has begun to; nobody can from then on. */
  protected readWhole(): void {
    if (this.#hasBegun || this.#closed) return;
    this.#isTaken = true;
    void this.drain();
  }

  /** The number of the item that would be taken next. */
  get #number(): bigint {
    return this.#first + BigInt(this.#at);
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    // Not before: a signal would keep a stream alive that nobody reads.
    if (!this.#hasBegun) this.#options.signal?.addEventListener("abort", this.#abort);
    this.#hasBegun = true;
    const next = this.#turn.then(() => this.#step());
    this.#turn = next.catch(() => {});
    return next;
  }

  async #step(): Promise<IteratorResult<T, undefined>> {
    try {
      for (;;) {
        await this.#paused?.over;
        if (this.#options.signal?.aborted) this.#abort();
        if (this.#closed) return this.#ended();
        if (this.#at < this.#items.length) {
          const value = taken(this.#items[this.#at++]!, this.#options);
          if (value !== undefined) return { done: false, value: value as T };
        } else if (this.#end) {
          const error = errorOf(this.#end);
          if (error) this.failure = { thrown: error };
          this.#finish(this.#end);
          if (error) throw error;
        } else {
          const number = this.#number;
          const { items, end } = await this.#source.next(number);
          // It may have been closed meanwhile; then nobody wants these.
          if (!this.#closed) [this.#items, this.#first, this.#at, this.#end] = [items, number, 0, end];
        }
      }
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** The reason of an abort is thrown once. */
  #ended(): IteratorReturnResult<undefined> {
    if (!this.#owesReason) return END;
    this.#owesReason = false;
    throw this.failure?.thrown;
  }

  /** The items that are there, up to a notice. */
  #ready(): T[] {
    const ready: T[] = [];
    for (let item; !this.#paused && (item = this.#items[this.#at]) && isForLoop(item); this.#at++) ready.push(taken(item, this.#options) as T);
    return ready;
  }

  readonly #abort = (): void => {
    if (this.#closed) return;
    this.failure = { thrown: this.#options.signal?.reason };
    this.#owesReason = true;
    this.close();
  };

  /** A hook threw, or the source did: nothing is left running. */
  #fail(error: unknown): void {
    if (this.#closed) return;
    this.failure = { thrown: error };
    this.#source.stop();
    this.#finish(this.#source.end(), words(error));
  }

  /** Releases everything, once. */
  #finish(end: StreamEnd | undefined, thrown?: string): void {
    const source = this.#source;
    const lastEventId = this.lastEventId;
    const left = end === this.#end ? [] : source.rest(this.#number);
    this.#closed = { stats: source.stats, lastEventId, message: source.message() };
    this.#items = [];
    this.#at = 0;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#paused?.end();
    source.free();
    const outcome = outcomeOf(end ?? NO_END, left.filter(isForLoop).length);
    this.#resolve(thrown === undefined ? outcome : { ...outcome, outcome: "cancelled", error: thrown });
  }
}

/** For a source that failed before it had one. */
const NO_END: StreamEnd = {
  code: "cancelled",
  message: "",
  headers: [],
  stats: NO_STATS,
};
