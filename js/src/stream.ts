import { Alarm } from "./alarm.js";
import { PIECE } from "./core.js";
import type { Rows } from "./core.js";
import { NUMBER, TidewireError, impossible, usage, words } from "./error.js";
import { Exchange } from "./exchange.js";
import type { Failure, Head, Sink, Transport } from "./exchange.js";
import { forgotten } from "./forgotten.js";
import { DEFAULT_MAX_EVENT_BYTES, Notice, Reader, emit } from "./items.js";
import type { SseEvent } from "./items.js";
import * as action from "./machine.js";
import type { Machine } from "./machine.js";
import type { Attempt, StreamOptions } from "./options.js";
import { errorOf, isLimit } from "./outcome.js";
import type { Outcome, Stats } from "./outcome.js";

/** Turns the rows of a table into items and notices. */
export interface RowReader<T> {
  read(rows: Rows): (T | Notice)[];
  /** After a gap nothing continues: what comes starts from its beginning. */
  beginAnew?(): void;
}

/** What the driver needs of a stream's options; the rest makes its requests. */
export type DriverOptions = Omit<StreamOptions, "headers" | "body">;

/** A class of streams. */
export type Made<S> = new (machine: Machine, options: DriverOptions, transport: Transport) => S;

/** A pending `next()`, and the one after it. */
interface Waiter<T> {
  next?: Waiter<T>;
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** `idle` before anything is sent, `waiting` between two requests. */
export type State = "idle" | "connecting" | "open" | "waiting" | "closed";

/** How timers, listeners and requests reach a stream: they keep it alive only while a `next()` is pending. */
interface Link {
  strong: Streaming<any> | undefined;
  readonly weak: WeakRef<Streaming<any>>;
}

/** What a stream has going on elsewhere, to be released when it is over or forgotten. It reaches the stream through the link alone. */
interface Ties {
  /** Aborted when the stream is over. */
  readonly over: AbortController;
  readonly alarm: Alarm;
  readonly sink: Sink;
  readonly onAbort: () => void;
  readonly onAdmitted: (inTime: boolean) => void;
  readonly onReturn: (away: number) => void;
  exchange: Exchange | undefined;
}

/** Made apart from the stream, which must not be reachable from here. */
function release(ties: Ties): () => void {
  return () => {
    ties.exchange?.drop();
    ties.alarm.clear();
    // Nobody asks for the reason, and one of the platform's own takes longer to make than all else here.
    ties.over.abort(null);
  };
}

const isNotice = (one: unknown): one is Notice => one instanceof Notice;
const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A stream, read by `for await`. Nothing is sent before the first item is asked for, and nothing is read faster than items are
 * taken. The loop throws a {@link TidewireError} unless the stream is complete or ended; `break` ends the request.
 */
export class Streaming<T = SseEvent> implements AsyncIterableIterator<T, undefined> {
  /** How the stream ended; resolves once it has been read to its end, and never rejects. */
  readonly outcome: Promise<Outcome>;

  #machine: Machine;
  #transport: Transport;
  #options: DriverOptions;
  #reader: RowReader<unknown>;
  #state: State = "idle";
  #paused = false;
  /** What was read and not taken: items from `#at` on. */
  #items: unknown[] = [];
  #at = 0;
  /** How many of them nobody will take. */
  #left = 0;
  #error: { thrown: unknown } | undefined;
  /** What the loop threw when it was not the outcome's own error. */
  #thrown: unknown;
  #resolve!: (outcome: Outcome) => void;
  #lastId: string | undefined;
  #stats: Stats | undefined;

  /** The head that came last, and what of its body came and was not decoded. */
  #head: Head | undefined;
  #chunk: Uint8Array | undefined;
  /** The action that the machine asked for when it was fed. */
  #action: number | undefined;
  #announced: Attempt | undefined;
  #wantsRefresh = false;
  #cause: unknown;
  /** A timer fired late, and nothing has come since. */
  #overslept = false;

  #link: Link;
  #ties: Ties;
  /** The pending calls of `next()`. A list, for there may be very many. */
  #first: Waiter<T> | undefined;
  #last: Waiter<T> | undefined;
  #isServing = false;
  #hasBegun = false;
  /** It is read as a whole, so that nobody else may take a part of it. */
  #isTaken = false;

  /** For `stream`, `parse` and clients. */
  constructor(
    machine: Machine,
    options: DriverOptions,
    transport: Transport,
    reader: RowReader<unknown> = new Reader(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES),
  ) {
    this.#machine = machine;
    this.#transport = transport;
    this.#options = options;
    this.#reader = reader;
    this.#lastId = options.lastEventId;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
    this.#link = { strong: undefined, weak: new WeakRef(this) };
    this.#ties = Streaming.#tiesOf(this.#link);
    forgotten?.register(this, release(this.#ties), this);
  }

  // No closure in here may reach the stream but through the link.
  static #tiesOf(link: Link): Ties {
    const through =
      <G = void>(call: (stream: Streaming<unknown>, given: G) => void) =>
      (given: G): void => {
        const stream = link.strong ?? link.weak.deref();
        try {
          if (stream) call(stream, given);
        } catch (error) {
          (stream as Streaming).#fail(error);
        }
      };
    return {
      over: new AbortController(),
      alarm: new Alarm(through((stream, asleep) => stream.#ring(asleep))),
      sink: {
        sent: through((stream) => stream.#machine.handle("sent")),
        answered: through((stream, head) => stream.#answered(head)),
        came: through((stream, chunk) => stream.#came(chunk)),
        ended: through((stream) => stream.#ended()),
        broke: through((stream, failure) => stream.#broke(failure)),
      },
      onAbort: through((stream) => stream.#abort()),
      onAdmitted: through((stream, inTime) => stream.#admitted(inTime)),
      onReturn: through((stream, away) => stream.check(away)),
      exchange: undefined,
    };
  }

  get state(): State {
    return this.#state;
  }

  /** The last event id of what has been taken so far: to be stored, and given to a later stream. */
  get lastEventId(): string | undefined {
    this.#note();
    return this.#lastId;
  }

  /** What the stream has delivered and used so far. */
  get stats(): Stats {
    return this.#stats ?? { ...this.#machine.stats(), transport: this.#transport.name };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.#isTaken ? Promise.reject(usage("this reply is being read as a whole; begin the loop before that, or use soFar")) : this.#next();
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.#hasItems && !this.#first) return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#last = this.#first ? ((this.#last as Waiter<T>).next = waiter) : (this.#first = waiter);
      this.#serve();
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
        const batch = [first.value, ...(this.#items.slice(this.#at) as T[])];
        this.#at = this.#items.length;
        yield batch;
      }
    } finally {
      this.close();
    }
  }

  /** Reads the stream to its end without keeping its items. */
  async drain(): Promise<Outcome> {
    try {
      do this.#at = this.#items.length;
      while (!(await this.#next()).done);
    } catch {
      // The outcome says it.
    }
    return this.outcome;
  }

  /** Reads the stream to its end if nobody has begun to; nobody can from then on. */
  protected readWhole(): void {
    if (this.#hasBegun || this.#state === "closed") return;
    this.#isTaken = true;
    void this.drain();
  }

  /** Stops the stream; the loop ends without an error. */
  close(): void {
    if (this.#state === "closed") return;
    this.#left += this.#items.length - this.#at;
    this.#hold([]);
    // A machine that has not begun takes no other input.
    if (this.#state === "idle") this.#machine.handle("start");
    this.#machine.handle("cancel");
    this.#drop();
    if (!this.#first) this.#finish();
    this.#serve();
  }

  /** Hands out nothing and reads nothing until `resume`; all time limits but `timeout` stand still. */
  pause(): void {
    this.#paused = true;
    this.#serve();
  }

  resume(): void {
    this.#paused = false;
    this.#serve();
  }

  /** Connects again at once, if the request may be sent again. */
  reconnect(): void {
    if (this.#state === "closed") return;
    this.#machine.handle("kick");
    this.#machine.handle("tick");
    this.#serve();
  }

  /**
   * Looks whether the stream is alive after an absence: the page was hidden, a laptop slept. `away` is how long that was, in milliseconds.
   * In a page this happens by itself when it is shown again or the network is back.
   *
   * A stream that waits connects at once. If the absence or the silence was as long as `stallAfter`, the connection gets a second to show
   * that it is alive; then another request continues the stream, if that loses nothing.
   */
  check(away = 0): void {
    if (!(away >= 0)) throw impossible("away", away, NUMBER);
    // A late alarm rings first, so that what the page slept through is no silence. The alarm of the check may be late once more.
    this.#overslept = false;
    this.#ties.alarm.wake();
    this.#overslept = false;
    if (this.#state === "closed") return;
    this.#machine.check(away);
    if (this.#state === "waiting") this.#machine.handle("tick");
    this.#serve();
  }

  get #hasItems(): boolean {
    return this.#at < this.#items.length && !this.#paused;
  }

  #take(): IteratorResult<T, undefined> {
    return { done: false, value: this.#items[this.#at++] as T };
  }

  /** Replaces the items that were taken. */
  #hold(items: unknown[]): void {
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
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let first; (first = this.#first); ) {
      try {
        if (this.#hasItems) first.resolve(this.#take());
        else if (this.#step()) continue;
        else if (this.#state === "closed") first.resolve(END);
        else break;
        this.#first = first.next;
      } catch (error) {
        this.#first = first.next;
        first.reject(error);
        this.#giveUp(error);
      }
    }
    this.#isServing = false;
    this.#link.strong = this.#first && this;
  }

  /** Whatever was thrown, by a hook or by a broken core: nothing is left running, and later calls of `next()` see the end. */
  #giveUp(thrown: unknown): void {
    this.#thrown = thrown;
    try {
      this.close();
    } catch {
      // A core that has failed takes no input.
    }
    this.#finish();
  }

  /** Has the loop throw this. */
  #fail(thrown: unknown): void {
    if (this.#state === "closed") return;
    this.#error ??= { thrown };
    this.#drop();
    this.#serve();
  }

  /** A step towards an item; false if there is nothing to do now. */
  #step(): boolean {
    if (this.#state === "idle" && !this.#hasBegun) this.#begin();
    if (this.#paused && this.#state !== "closed" && !this.#machine.isOver) {
      this.#machine.handle("pause");
      this.#ties.alarm.set(this.#machine.due());
      return false;
    }
    if (this.#error) {
      const { thrown } = this.#error;
      this.#error = undefined;
      throw thrown;
    }
    return this.#state !== "closed" && this.#advance();
  }

  /** Does what the machine asks for; false if there is nothing to do but wait. */
  #advance(): boolean {
    const machine = this.#machine;
    const next = this.#action ?? machine.advance();
    this.#action = undefined;
    if (next === action.DELIVER) this.#deliver(this.#reader.read(machine.rows()));
    else if (next === action.WAIT || next === action.WAIT_LESS) return this.#continue(next === action.WAIT);
    else if (next === action.CONNECT) this.#connect();
    else if (next === action.GAP) this.#gap();
    else if (next === action.STALLED) this.#options.onStall?.(machine.silentMs());
    else if (next === action.CLOSED) this.#end();
    else {
      this.#drop();
      this.#state = "waiting";
      this.#announce();
    }
    return true;
  }

  #gap(): void {
    this.#reader.beginAnew?.();
    this.#options.onGap?.(this.#machine.gap());
  }

  /** Decodes more of the chunk. Otherwise waits for what comes next, and returns false. */
  #continue(isInTime: boolean): boolean {
    if (this.#chunk !== undefined) {
      this.#feed(this.#chunk);
      return true;
    }
    const { alarm, exchange } = this.#ties;
    exchange?.read();
    if (!isInTime || !alarm.isSet) alarm.set(this.#machine.due());
    return false;
  }

  /** Before the first request: waits for a slot, if not all streams may be open at a time. */
  #begin(): void {
    this.#hasBegun = true;
    const { signal } = this.#options;
    const { over, onAbort, onAdmitted } = this.#ties;
    signal?.addEventListener("abort", onAbort, { signal: over.signal });
    if (signal?.aborted) return this.#abort();
    const { admit } = this.#transport;
    if (admit === undefined) return this.#machine.handle("start");
    void admit(over.signal).then(onAdmitted);
  }

  #admitted(inTime: boolean): void {
    if (this.#state === "closed") return;
    this.#machine.handle("start");
    if (!inTime) this.#machine.handle("queue_timeout");
    this.#serve();
  }

  #abort(): void {
    if (this.#state === "closed") return;
    this.#error = { thrown: this.#options.signal?.reason };
    this.close();
  }

  #deliver(read: unknown[]): void {
    // Most tables have nothing but items.
    const items = read.some(isNotice) ? read.filter((one) => !isNotice(one)) : read;
    this.#hold(items);
    if (items.length < read.length) for (const one of read) if (isNotice(one)) this.#emit(one);
  }

  #emit(notice: Notice): void {
    const unheard = emit(notice, this.#options);
    if (unheard) this.#error ??= { thrown: unheard };
  }

  #feed(chunk: Uint8Array): void {
    const piece = chunk.length > PIECE ? chunk.subarray(0, PIECE) : chunk;
    this.#chunk = chunk.length > PIECE ? chunk.subarray(PIECE) : undefined;
    this.#overslept = false;
    this.#action = this.#machine.received(piece);
  }

  #connect(): void {
    this.#state = "connecting";
    this.#cause = undefined;
    this.#overslept = false;
    const attempt = this.#announced ?? this.#announce();
    this.#announced = undefined;
    const ties = this.#ties;
    if (attempt.attempt === 1) this.#transport.onReturn?.(ties.onReturn, ties.over.signal);
    ties.exchange = new Exchange(ties.sink);
    ties.exchange.send(this.#transport, attempt, this.#machine.stats().events > 0, this.#wantsRefresh);
    this.#wantsRefresh = false;
  }

  #answered(head: Head): void {
    this.#head = head;
    this.#overslept = false;
    this.#machine.head(head.status, head.headers, head.isRelayed);
    if (head.lostCursor) this.#machine.handle("cursor_lost");
    if (this.#machine.isOpen) this.#state = "open";
    this.#serve();
  }

  #came(chunk: Uint8Array): void {
    if (this.#paused) this.#chunk = chunk;
    else this.#feed(chunk);
    this.#serve();
  }

  #ended(): void {
    this.#machine.handle("body_end");
    this.#serve();
  }

  #broke({ where, error }: Failure): void {
    this.#cause = error;
    // The caller's own mistake is still there at another attempt.
    if (error instanceof TidewireError && where !== action.IN_REFRESH && !isLimit(error)) return this.#fail(error);
    this.#machine.broke(where, error);
    this.#serve();
  }

  #announce(): Attempt {
    const machine = this.#machine;
    const isRetry = this.#state === "waiting";
    const attempt: Attempt = isRetry ? machine.retry() : { attempt: 1, delayMs: 0 };
    this.#wantsRefresh = isRetry && machine.wantsRefresh;
    const cursor = machine.requestCursor();
    const error = machine.error();
    if (cursor !== undefined) attempt.cursor = cursor;
    if (error !== undefined) attempt.error = error;
    if (isRetry) this.#announced = attempt;
    this.#options.onAttempt?.(attempt);
    return attempt;
  }

  #ring(asleep: number | undefined): void {
    if (this.#state === "closed") return;
    const machine = this.#machine;
    // While the page slept nothing could be heard: that was no silence. But only once, for timers may be late as a rule.
    if (asleep !== undefined && !this.#overslept) {
      this.#overslept = true;
      machine.handle("pause", asleep);
    }
    machine.handle("tick");
    const due = machine.due();
    if (this.#first || due > performance.now()) this.#ties.alarm.set(due);
    // The limit of the whole stream passes also while nobody asks.
    if (machine.isOver) this.#drop();
    this.#serve();
  }

  /** Drops the request that is under way. */
  #drop(): void {
    this.#chunk = undefined;
    const { exchange } = this.#ties;
    this.#ties.exchange = undefined;
    exchange?.drop();
  }

  #end(): void {
    const outcome = this.#finish();
    const error = outcome && errorOf(outcome, this.#cause);
    if (error) throw error;
  }

  /** Releases everything, once. */
  #finish(): Outcome | undefined {
    this.#drop();
    // A listener of that abort may have been here.
    if (this.#state === "closed") return undefined;
    this.#state = "closed";
    let outcome: Outcome = { outcome: "cancelled", events: 0, bytes: 0, attempts: 0 };
    try {
      outcome = this.#sum();
    } catch (error) {
      // Of a core that has failed nothing more can be learned.
      this.#thrown ??= error;
    }
    if (this.#thrown !== undefined && !this.#options.signal?.aborted) outcome.error = words(this.#thrown);
    forgotten?.unregister(this);
    release(this.#ties)();
    this.#resolve(outcome);
    return outcome;
  }

  #sum(): Outcome {
    const machine = this.#machine;
    this.#stats = this.stats;
    const outcome = machine.outcome(this.#head);
    if (isLimit(this.#cause) && /^(truncated|unreachable)$/.test(outcome.outcome)) {
      const { limit } = this.#cause;
      Object.assign(outcome, { outcome: "unreadable", limit, offset: limit });
    }
    if (outcome.outcome === "cancelled") outcome.events -= this.#left;
    const cursor = machine.cursor();
    if (outcome.outcome !== "cancelled" && this.#at === this.#items.length) {
      this.#hold([]);
      this.#lastId = cursor;
    }
    machine.free();
    return outcome;
  }
}
