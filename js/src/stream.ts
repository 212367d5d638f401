import { Driver } from "./driver.js";
import type { DriverOptions, RowReader } from "./driver.js";
import type { Transport } from "./exchange.js";
import type { SseEvent } from "./items.js";
import type { Machine } from "./machine.js";
import type { Outcome } from "./outcome.js";

/** A class of streams. */
export type Made<S> = new (machine: Machine, options: DriverOptions, transport: Transport) => S;

/** A pending `next()`, and the one after it. */
interface Waiter<T> {
  next?: Waiter<T>;
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A stream, read by `for await`. Nothing is sent before the first item is asked for, and nothing is read faster than items are
 * taken. The loop throws a {@link TidewireError} unless the stream is complete or ended; `break` ends the request.
 */
export class Streaming<T = SseEvent> extends Driver implements AsyncIterableIterator<T, undefined> {
  /** What was read and not taken: items from `#at` on. */
  #items: unknown[] = [];
  #at = 0;
  /** How many of them nobody will take. */
  #left = 0;
  #lastId: string | undefined;
  /** The pending calls of `next()`. A list, for there may be very many. */
  #first: Waiter<T> | undefined;
  #last: Waiter<T> | undefined;
  #isServing = false;

  /** For `stream`, `parse` and clients. */
  constructor(machine: Machine, options: DriverOptions, transport: Transport, reader?: RowReader<unknown>) {
    super(machine, options, transport, reader);
    this.#lastId = options.lastEventId;
  }

  /** The last event id of what has been taken so far: to be stored, and given to a later stream. */
  get lastEventId(): string | undefined {
    this.#note();
    return this.#lastId;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#hasItems && !this.#first) return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.ties.strong = this;
      this.#last = this.#first ? ((this.#last as Waiter<T>).next = waiter) : (this.#first = waiter);
      this.serve();
    });
  }

  /** Ends the stream, as `break` does. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.close();
    return Promise.resolve(END);
  }

  /** What each read delivered, as one array: for rendering once a frame. */
  async *batches(): AsyncGenerator<T[], undefined> {
    try {
      for (let first; !(first = await this.next()).done; ) {
        const rest = this.#items.slice(this.#at) as T[];
        this.#at += rest.length;
        yield [first.value, ...rest];
      }
    } finally {
      this.close();
    }
  }

  /** Reads the stream to its end without keeping its items. */
  async drain(): Promise<Outcome> {
    try {
      // Not a derived class's next(), which may refuse those who come later.
      do this.#at = this.#items.length;
      while (!(await Streaming.prototype.next.call(this)).done);
    } catch {
      // The outcome says it.
    }
    return this.outcome;
  }

  /** Stops the stream; the loop ends without an error. */
  override close(): void {
    if (this.state === "closed") return;
    this.#left += this.#items.length - this.#at;
    this.hold([]);
    super.close();
  }

  get #hasItems(): boolean {
    return this.#at < this.#items.length && !this.isPaused;
  }

  #take(): IteratorResult<T, undefined> {
    return { done: false, value: this.#items[this.#at++] as T };
  }

  /** Replaces the items that were taken. */
  protected override hold(items: unknown[]): void {
    this.#note();
    this.#items = items;
    this.#at = 0;
  }

  /** Notes the id of what was taken last. */
  #note(): void {
    const { data, id } = (this.#items[this.#at - 1] ?? {}) as Partial<SseEvent>;
    if (data !== undefined) this.#lastId = id || undefined;
  }

  /** Serves the waiters as far as is possible now. What a hook does meanwhile is looked at after it. */
  protected override serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let first; (first = this.#first); ) {
      try {
        if (this.#hasItems) first.resolve(this.#take());
        else if (this.step()) continue;
        else if (this.state === "closed") first.resolve(END);
        else break;
        this.#first = first.next;
      } catch (error) {
        this.#first = first.next;
        first.reject(error);
        this.giveUp(error);
      }
    }
    this.#isServing = false;
    this.ties.strong = this.#first && this;
  }

  protected override settle(outcome: Outcome, cursor: string | undefined): void {
    if (outcome.outcome === "cancelled") {
      outcome.events -= this.#left;
    } else if (this.#at === this.#items.length) {
      this.hold([]);
      this.#lastId = cursor;
    }
  }
}
