import { Alarm } from "./alarm.js";
import { PIECE } from "./core.js";
import type { Rows } from "./core.js";
import { TidewireError } from "./error.js";
import { DEFAULT_MAX_EVENT_BYTES, Reader, Told } from "./items.js";
import type { Listeners, SseEvent } from "./items.js";
import * as todo from "./machine.js";
import type { Machine } from "./machine.js";
import type { Attempt, StreamOptions } from "./options.js";
import { errorOf } from "./outcome.js";
import type { Outcome, Stats } from "./outcome.js";
import { Exchange } from "./exchange.js";
import type { Head, Transport } from "./exchange.js";

/** Makes of a table what it says: items of a kind, and what is told besides. */
export interface RowReader<T> {
  read(rows: Rows): (T | Told)[];
  /** Nothing goes on behind a gap: what comes is told from its beginning. */
  beginAnew?(): void;
}

/** What makes a stream of a machine. */
export type Made<S> = new (machine: Machine, options: Omit<StreamOptions, "headers" | "body">, transport: Transport) => S;

/** Who waits for an item, and who does behind him. */
interface Asker<T> {
  next?: Asker<T>;
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** `idle` before anything is sent, `waiting` between two requests. */
export type State = "idle" | "connecting" | "open" | "waiting" | "closed";

const isTold = (one: unknown): one is Told => one instanceof Told;
const END: IteratorReturnResult<undefined> = { done: true, value: undefined };
/** How long a stream is looked at before it is taken for dead: what came in the meantime wants to be read first. */
const LOOK_MS = 1000;
/** As the core has it. */
const STALL_AFTER_MS = 15_000;

/**
 * A stream, read by `for await`. Nothing is sent before the first item is asked for, and nothing is read faster than items are
 * taken. The loop throws a {@link TidewireError} unless the stream is complete or ended; `break` ends the request.
 */
export class Streaming<T = SseEvent> implements AsyncIterableIterator<T, undefined> {
  /** How the stream ended, once it was read to its end. Never rejects. */
  readonly outcome: Promise<Outcome>;

  #machine: Machine;
  #transport: Transport;
  #options: Omit<StreamOptions, "headers" | "body">;
  #reader: RowReader<unknown>;
  #state: State = "idle";
  #paused = false;
  /** What was read and not taken: items from `#at` on. */
  #items: unknown[] = [];
  #at = 0;
  /** How many of them nobody will take. */
  #left = 0;
  #error: { thrown: unknown } | undefined;
  #resolve!: (outcome: Outcome) => void;
  #lastId: string | undefined;
  #stats: Stats | undefined;

  /** The request under way, the head that came last, and what came of its body and was not looked at. */
  #exchange: Exchange | undefined;
  #head: Head | undefined;
  #chunk: Uint8Array | undefined;
  /** What the machine said when it was fed. */
  #todo: number | undefined;
  #announced: Attempt | undefined;
  #cause: unknown;
  /** When anything came last, or was sent. */
  #heard = 0;
  #suspected = false;

  #alarm = new Alarm((asleep) => this.#ring(asleep));
  #look = new Alarm((asleep) => {
    this.#suspected = this.#first !== undefined;
    this.#ring(asleep);
  });
  /** A timer came late, and nothing has come since. */
  #overslept = false;
  /** Who asks first and last, and whether they are being served. A list, for there may be very many. */
  #first: Asker<T> | undefined;
  #last: Asker<T> | undefined;
  #isServing = false;
  #hasBegun = false;
  #onAbort = (): void => {
    if (this.#state === "closed") return;
    this.#error = { thrown: this.#options.signal?.reason };
    this.close();
  };

  /** For `stream`, `parse` and clients. */
  constructor(
    machine: Machine,
    options: Omit<StreamOptions, "headers" | "body">,
    transport: Transport,
    reader: RowReader<unknown> = new Reader(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES),
  ) {
    this.#machine = machine;
    this.#transport = transport;
    this.#options = options;
    this.#reader = reader;
    this.#lastId = options.lastEventId;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  get state(): State {
    return this.#state;
  }

  /** The last event id of what was taken so far: to be stored, and given to a later stream. */
  get lastEventId(): string | undefined {
    this.#note();
    return this.#lastId;
  }

  /** What the stream brought and took so far. */
  get stats(): Stats {
    return this.#stats ?? this.#machine.stats();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#hasItems && !this.#first) return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      const asker = { resolve, reject };
      this.#last = this.#first ? ((this.#last as Asker<T>).next = asker) : (this.#first = asker);
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
      while (!(await this.next()).done);
    } catch {
      // The outcome says it.
    }
    return this.outcome;
  }

  /** Stops the stream; the loop ends without an error. */
  close(): void {
    if (this.#state === "closed") return;
    this.#left += this.#items.length - this.#at;
    this.#hold([]);
    // One that has not begun takes no other word.
    if (this.#state === "idle") this.#machine.handle("start");
    this.#machine.handle("cancel");
    this.#drop();
    if (!this.#first) this.#finish();
    this.#serve();
  }

  /** Hands out nothing and reads nothing until `resume`, whoever asks; limits of time but `timeout` stand still. */
  pause(): void {
    this.#paused = true;
    this.#serve();
  }

  resume(): void {
    this.#paused = false;
    this.#serve();
  }

  /** Connects again at once, where the request may be sent again. */
  reconnect(): void {
    if (this.#state === "closed") return;
    this.#machine.handle("kick");
    this.#machine.handle("tick");
    this.#serve();
  }

  /**
   * The network or the page has come back: a stream in waiting connects at once. One that has been silent beyond `stallAfter`, and
   * stays so while what came in the meantime is looked at, is taken up by another request where that loses nothing.
   */
  check(): void {
    if (this.#state === "waiting") return this.reconnect();
    if (this.#exchange) this.#look.set(performance.now() + LOOK_MS);
  }

  get #hasItems(): boolean {
    return this.#at < this.#items.length && !this.#paused;
  }

  #take(): IteratorResult<T, undefined> {
    return { done: false, value: this.#items[this.#at++] as T };
  }

  /** Puts other items in the place of those that were taken. */
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

  /** Serves who asks as far as it goes without waiting. What a hook does meanwhile is looked at behind it. */
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
        // Also what a hook threw: nothing is left running behind it, whoever else asks.
        this.close();
        this.#finish();
      }
    }
    this.#isServing = false;
  }

  /** A step towards an item; false where there is none to take, or none yet. */
  #step(): boolean {
    if (this.#state === "idle" && !this.#hasBegun) this.#begin();
    if (this.#paused && this.#state !== "closed" && !this.#machine.isOver) {
      this.#machine.handle("pause");
      this.#alarm.set(this.#machine.due());
      return false;
    }
    if (this.#error) {
      const { thrown } = this.#error;
      this.#error = undefined;
      throw thrown;
    }
    return this.#state !== "closed" && this.#advance();
  }

  /** Does what the machine says; false where there is nothing to do but to wait. */
  #advance(): boolean {
    const machine = this.#machine;
    const what = this.#todo ?? machine.advance();
    this.#todo = undefined;
    if (what === todo.DELIVER) this.#deliver(this.#reader.read(machine.rows()));
    else if (what === todo.WAIT || what === todo.WAIT_LESS) return this.#mayGoOn(what === todo.WAIT);
    else if (what === todo.CONNECT) this.#connect();
    else if (what === todo.GAP) this.#gap();
    else if (what === todo.STALLED) this.#options.onStall?.(machine.silentMs());
    else if (what === todo.CLOSED) this.#end();
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

  /** What there is for us: a further piece of the chunk, or a dead connection. Else whatever comes next wakes us. */
  #mayGoOn(isInTime: boolean): boolean {
    if (this.#chunk !== undefined) {
      this.#feed(this.#chunk);
      return true;
    }
    if (this.#mayBeDead()) {
      this.#machine.handle("kick");
      return true;
    }
    this.#exchange?.read();
    if (!isInTime || !this.#alarm.isSet) this.#alarm.set(this.#machine.due());
    return false;
  }

  /** Before the first request: waits for a place, where there are not enough for all. */
  #begin(): void {
    this.#hasBegun = true;
    const { signal } = this.#options;
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) return this.#onAbort();
    const { admit } = this.#transport;
    if (admit === undefined) return this.#machine.handle("start");
    void admit().then((inTime) => {
      if (this.#state === "closed") return;
      this.#machine.handle("start");
      if (!inTime) this.#machine.handle("queue_timeout");
      this.#serve();
    });
  }

  #deliver(read: unknown[]): void {
    // Most tables have nothing but items.
    const items = read.some(isTold) ? read.filter((one) => !isTold(one)) : read;
    this.#hold(items);
    if (items.length < read.length) for (const one of read) if (isTold(one)) this.#tell(one);
  }

  #tell({ whom, what }: Told): void {
    const options = this.#options;
    (options as Listeners)[whom]?.(what);
    // Nobody would know of a record that is missing.
    const isUnheard = what instanceof TidewireError && !options.onError;
    if (isUnheard && !(options.skipOversized && what.code === "too_large")) this.#error ??= { thrown: what };
  }

  /** Whether it was looked at, is silent, and loses nothing by another request. */
  #mayBeDead(): boolean {
    const { stallAfter = STALL_AFTER_MS, follow } = this.#options;
    const isSilent = this.#suspected && performance.now() - this.#heard >= (stallAfter || Infinity);
    this.#suspected = false;
    return isSilent && (!!follow || this.#machine.requestCursor() !== undefined);
  }

  #hear(): void {
    this.#heard = performance.now();
    this.#overslept = false;
  }

  #feed(chunk: Uint8Array): void {
    const piece = chunk.length > PIECE ? chunk.subarray(0, PIECE) : chunk;
    this.#chunk = chunk.length > PIECE ? chunk.subarray(PIECE) : undefined;
    this.#hear();
    this.#todo = this.#machine.received(piece, this.#heard);
  }

  #connect(): void {
    this.#state = "connecting";
    this.#hear();
    const attempt = this.#announced ?? this.#announce();
    this.#announced = undefined;
    this.#exchange = new Exchange(this.#hears);
    this.#exchange.send(this.#transport, attempt, this.#machine.stats().events > 0);
  }

  /** What is heard of the request under way. */
  #hears = {
    answered: (head: Head): void => {
      this.#head = head;
      this.#hear();
      this.#machine.head(head.status, head.headers.get("content-type"), head.headers.get("retry-after"));
      if (this.#machine.isReading) this.#state = "open";
      this.#serve();
    },
    came: (chunk: Uint8Array): void => {
      if (this.#paused) this.#chunk = chunk;
      else this.#feed(chunk);
      this.#serve();
    },
    ended: (): void => {
      this.#machine.handle("body_end");
      this.#serve();
    },
    /** What the caller did wrong becomes no better by another attempt. */
    broke: (where: number, error: unknown): void => {
      this.#cause = error;
      if (error instanceof TidewireError) this.#error = { thrown: error };
      else this.#machine.broke(where, error);
      this.#serve();
    },
  };

  #announce(): Attempt {
    const machine = this.#machine;
    const again = this.#state === "waiting" ? machine.again() : { attempt: 1, delayMs: 0 };
    const attempt: Attempt = { ...again };
    const cursor = machine.requestCursor();
    const error = machine.error();
    if (cursor !== undefined) attempt.cursor = cursor;
    if (error !== undefined) attempt.error = error;
    if (this.#state === "waiting") this.#announced = attempt;
    this.#options.onAttempt?.(attempt);
    return attempt;
  }

  #ring(asleep: number | undefined): void {
    if (this.#state === "closed") return;
    const machine = this.#machine;
    // Who sleeps hears nothing: that was no silence. But once only, for timers may be late as a rule.
    if (asleep !== undefined && !this.#overslept) {
      this.#overslept = true;
      machine.handle("pause", asleep);
    }
    machine.handle("tick");
    const due = machine.due();
    if (this.#first || due > performance.now()) this.#alarm.set(due);
    // The whole stream's limit passes also while nobody asks. Who hears of it may end the stream.
    if (machine.isOver) this.#drop();
    this.#serve();
  }

  /** Drops the request that is under way. */
  #drop(): void {
    this.#chunk = undefined;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.drop();
  }

  #end(): void {
    const outcome = this.#finish();
    const error = outcome && errorOf(outcome, this.#cause);
    if (error) throw error;
  }

  /** Lets everything go, once. */
  #finish(): Outcome | undefined {
    this.#drop();
    // Who heard of that may have been here.
    if (this.#state === "closed") return undefined;
    this.#alarm.clear();
    this.#look.clear();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const machine = this.#machine;
    this.#stats = machine.stats();
    const outcome = machine.outcome(this.#head);
    // It was taken to have begun so that it can have ended.
    if (this.#state === "idle") outcome.attempts = 0;
    if (outcome.outcome === "cancelled") outcome.events -= this.#left;
    const cursor = machine.cursor();
    if (outcome.outcome !== "cancelled" && this.#at === this.#items.length) {
      this.#hold([]);
      this.#lastId = cursor;
    }
    this.#state = "closed";
    machine.free();
    this.#resolve(outcome);
    return outcome;
  }
}
