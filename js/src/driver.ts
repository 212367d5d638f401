import { alarm } from "./alarm.js";
import { PIECE } from "./core.js";
import type { Rows } from "./core.js";
import { NUMBER, TidewireError, impossible, known, words } from "./error.js";
import { exchange } from "./exchange.js";
import type { Head, Transport } from "./exchange.js";
import { forgotten } from "./forgotten.js";
import { DEFAULT_MAX_EVENT_BYTES, Notice, emit } from "./items.js";
import * as abi from "./generated/abi.js";
import type { Happened, Machine } from "./machine.js";
import type { Attempt, StreamOptions } from "./options.js";
import { errorOf, isLimit } from "./outcome.js";
import type { Outcome, Stats } from "./outcome.js";
import { RecordReader } from "./records.js";
import { release } from "./ties.js";
import type { Ties } from "./ties.js";

/** Turns the rows of a table into items and notices. */
export interface RowReader<T> {
  read(rows: Rows): (T | Notice)[];
  /** After a gap nothing continues: what comes starts from its beginning. */
  beginAnew?(): void;
}

/** What the driver needs of a stream's options; the rest makes its requests. */
export type DriverOptions = Omit<StreamOptions, "headers" | "body">;

/** `idle` before anything is sent, `waiting` between two requests. */
export type State = "idle" | "connecting" | "open" | "waiting" | "closed";

const isNotice = (one: unknown): one is Notice => one instanceof Notice;

/** Does what a machine asks for, while somebody waits for items. Who waits, and what was read for them, is the stream's matter. */
export abstract class Driver {
  /** How the stream ended; resolves once it has been read to its end, and never rejects. */
  readonly outcome: Promise<Outcome>;
  /** For the stream, which says in it whether somebody waits. */
  protected readonly ties: Ties<Driver> = Driver.#tiesOf(new WeakRef(this));

  #machine: Machine;
  #transport: Transport;
  #options: DriverOptions;
  #reader: RowReader<unknown>;
  #state: State = "idle";
  protected isPaused = false;
  /** What the loop throws, or threw, when it is not the outcome's own error. */
  #thrown: unknown;
  /** It is still to be thrown. */
  #mustThrow = false;
  #resolve!: (outcome: Outcome) => void;
  #stats: Stats | undefined;

  /** The newest head, and the part of its body that was received and not decoded. */
  #head: Head | undefined;
  #chunk: Uint8Array | undefined;
  /** The action that the machine asked for when it was fed. */
  #action: number | undefined;
  /** The attempt that is under way, or waited for. */
  #attempt: Attempt | undefined;
  #cause: unknown;
  /** A timer fired late, and nothing has come since. */
  #overslept = false;
  #hasBegun = false;
  /** A core with more formats is being fetched. */
  #isLoading = false;

  /** For `stream`, `parse` and clients. */
  constructor(
    machine: Machine,
    options: DriverOptions,
    transport: Transport,
    reader: RowReader<unknown> = new RecordReader(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES),
  ) {
    this.#machine = machine;
    this.#transport = transport;
    this.#options = options;
    this.#reader = reader;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
    forgotten?.register(this, release(this.ties), this);
  }

  // No closure in here may reach the stream but through `strong` and `weak`.
  static #tiesOf(weak: WeakRef<Driver>): Ties<Driver> {
    const through =
      <G = void, M = void>(call: (stream: Driver, given: G, more: M) => void) =>
      (given: G, more: M): void => {
        const stream = ties.strong ?? weak.deref();
        try {
          if (stream) call(stream, given, more);
        } catch (error) {
          (stream as Driver).#fail(error);
        }
      };
    const ties: Ties<Driver> = {
      strong: undefined,
      over: new AbortController(),
      alarm: alarm(through((stream, asleep) => stream.#ring(asleep))),
      exchange: undefined,
      happened: through((stream, what) => stream.#happened(what)),
      answered: through((stream, head) => stream.#answered(head)),
      came: through((stream, chunk) => stream.#came(chunk)),
      broke: through((stream, error, where) => stream.#broke(error, where)),
      loaded: through((stream, rest, error) => stream.#loaded(rest, error)),
      onAbort: through((stream) => stream.#fail(stream.#options.signal?.reason)),
      onReturn: through((stream, away) => stream.check(away)),
    };
    return ties;
  }

  get state(): State {
    return this.#state;
  }

  /** What the stream has delivered and used so far. */
  get stats(): Stats {
    return this.#stats ?? { ...this.#machine.stats(), transport: this.#transport.name };
  }

  /** Hands out nothing and reads nothing until `resume`; all time limits but `timeout` stand still. */
  pause(): void {
    this.isPaused = true;
    this.serve();
  }

  resume(): void {
    this.isPaused = false;
    this.serve();
  }

  /** Connects again at once, if the request may be sent again. */
  reconnect(): void {
    if (this.#state === "closed") return;
    this.#machine.handle("kick");
    this.#happened("tick");
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
    this.ties.alarm.wake();
    this.#overslept = false;
    if (this.#state === "closed") return;
    this.#machine.check(away);
    if (this.#state === "waiting") this.#machine.handle("tick");
    this.serve();
  }

  /** Stops the stream; the loop ends without an error. */
  close(): void {
    // A machine that has not begun takes no other input.
    if (this.#state === "idle") this.#machine.handle("start");
    this.#machine.handle("cancel");
    this.#drop();
    if (!this.ties.strong) this.finish();
    this.serve();
  }

  /** Gives waiting calls the items that there are now. */
  protected abstract serve(): void;

  /** Takes what was read. */
  protected abstract hold(items: unknown[]): void;

  /** The stream is over, and would be continued after this cursor. */
  protected abstract settle(outcome: Outcome, cursor: string | undefined): void;

  /** Whatever was thrown, by a hook or by a broken core: nothing is left running, and later calls of `next()` see the end. */
  protected giveUp(thrown: unknown): void {
    this.#thrown = thrown;
    try {
      this.close();
    } catch {
      // A core that has failed takes no input.
    }
    this.finish();
  }

  /** Ends the stream, and has the loop throw this. */
  #fail(thrown: unknown): void {
    if (this.#state === "closed") return;
    this.#willThrow(thrown);
    this.close();
  }

  #willThrow(thrown: unknown): void {
    this.#thrown = thrown;
    this.#mustThrow = true;
  }

  /** A step towards an item; false if there is nothing to do now. */
  protected step(): boolean {
    if (this.#state === "idle" && !this.#hasBegun) this.#listen();
    if (this.isPaused && this.#state !== "closed" && !this.#machine.isOver) {
      this.#machine.handle("pause");
      this.ties.alarm.set(this.#machine.due());
      return false;
    }
    if (this.#mustThrow) {
      this.#mustThrow = false;
      throw this.#thrown;
    }
    return this.#state !== "closed" && this.#advance();
  }

  /** Does what the machine asks for; false if there is nothing to do but wait. */
  #advance(): boolean {
    const machine = this.#machine;
    const next = this.#action ?? machine.advance();
    this.#action = undefined;
    if (next === abi.DO_DELIVER) this.#deliver(this.#reader.read(machine.rows()));
    else if (next === abi.DO_WAIT) return this.#continue();
    else if (next === abi.DO_CONNECT) this.#connect();
    else if (next === abi.DO_GAP) this.#gap();
    else if (next === abi.DO_STALLED) this.#options.onStall?.(machine.silentMs());
    else if (next === abi.DO_CLOSED) this.#end();
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

  /** Decodes more of the chunk. If there is none, waits for the next input and returns false. */
  #continue(): boolean {
    const chunk = this.#chunk;
    if (chunk !== undefined && !this.#isLoading) {
      this.#feed(chunk);
      return true;
    }
    const { alarm, exchange } = this.ties;
    if (!this.#isLoading) exchange?.read();
    alarm.set(this.#machine.due());
    return false;
  }

  /** Has the machine go on in the core that knows all formats, and then does the rest. */
  #load(rest: (stream: Driver) => void): void {
    this.#isLoading = true;
    const { ties } = this;
    this.#machine.more().then(
      () => ties.loaded(rest, undefined),
      (error: unknown) => ties.loaded(undefined, error),
    );
  }

  #loaded(rest: ((stream: Driver) => void) | undefined, error: unknown): void {
    this.#isLoading = false;
    if (this.#state === "closed") return;
    if (rest === undefined) return this.#fail(error);
    rest(this);
    this.serve();
  }

  #listen(): void {
    this.#hasBegun = true;
    const { signal } = this.#options;
    const { over, onAbort } = this.ties;
    signal?.addEventListener("abort", onAbort, { signal: over.signal });
    if (signal?.aborted) this.#fail(signal.reason);
    else if (this.#machine.needsMore) this.#load((stream) => stream.begin());
    else this.begin();
  }

  /** Begins the first request; with `queue_timeout` it says instead why there is none. */
  protected begin(...instead: Happened[]): void {
    if (this.#state === "closed") return;
    const { over, onReturn } = this.ties;
    this.#transport.onReturn?.(onReturn, over.signal);
    for (const what of ["start", ...instead] as const) this.#machine.handle(what);
    this.serve();
  }

  #deliver(read: unknown[]): void {
    const notices = read.filter(isNotice);
    this.hold(notices.length > 0 ? read.filter((one) => !isNotice(one)) : read);
    for (const notice of notices) {
      const unheard = emit(notice, this.#options);
      if (unheard && !this.#mustThrow) this.#willThrow(unheard);
    }
  }

  #feed(chunk: Uint8Array): void {
    const piece = chunk.length > PIECE ? chunk.subarray(0, PIECE) : chunk;
    this.#chunk = chunk.length > PIECE ? chunk.subarray(PIECE) : undefined;
    this.#overslept = false;
    this.#action = this.#machine.received(piece);
  }

  #connect(): void {
    const isFirst = this.#attempt === undefined;
    this.#state = "connecting";
    this.#cause = undefined;
    this.#overslept = false;
    const attempt = this.#attempt ?? this.#announce();
    this.ties.exchange = exchange(this.ties, this.#transport, attempt, this.#machine.stats().events > 0, !isFirst && this.#machine.wantsRefresh);
  }

  #answered(head: Head): void {
    this.#head = head;
    if (this.#machine.lacks(head.status, head.headers)) this.#load((stream) => stream.#begun(head));
    else this.#begun(head);
    this.serve();
  }

  #begun(head: Head): void {
    this.#overslept = false;
    this.#machine.head(head.status, head.headers, head.relay !== undefined);
    if (head.lostCursor) this.#machine.handle("cursor_lost");
    if (this.#machine.isOpen) this.#state = "open";
  }

  #came(chunk: Uint8Array): void {
    this.#chunk = chunk;
    if (this.#machine.mayLack(chunk)) this.#load(() => {});
    else if (!this.isPaused) this.#feed(chunk);
    this.serve();
  }

  #happened(what: Happened): void {
    this.#machine.handle(what);
    this.serve();
  }

  #broke(error: unknown, where: number): void {
    this.#cause = error;
    // The caller's own mistake is still there at another attempt.
    if (error instanceof TidewireError && where !== abi.HAS_REFRESH_FAILED && !isLimit(error)) return this.#fail(error);
    this.#machine.broke(where, error);
    this.serve();
  }

  #announce(): Attempt {
    const machine = this.#machine;
    const attempt = (this.#attempt = known({
      ...(this.#state === "waiting" ? machine.retry() : { attempt: 1, delayMs: 0 }),
      cursor: machine.requestCursor(),
      error: machine.error(),
    }) as Attempt);
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
    if (this.ties.strong || due > performance.now()) this.ties.alarm.set(due);
    // The limit of the whole stream passes also while nobody asks.
    if (machine.isOver) this.#drop();
    this.serve();
  }

  /** Drops the request that is under way. */
  #drop(): void {
    this.#chunk = undefined;
    const { exchange } = this.ties;
    this.ties.exchange = undefined;
    exchange?.drop();
  }

  #end(): void {
    const outcome = this.finish();
    const error = outcome && errorOf(outcome, this.#cause);
    if (error) throw error;
  }

  /** Releases everything, once. */
  protected finish(): Outcome | undefined {
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
    release(this.ties)();
    this.#resolve(outcome);
    return outcome;
  }

  #sum(): Outcome {
    const machine = this.#machine;
    this.#stats = this.stats;
    const outcome = machine.outcome(this.#head?.headers);
    if (isLimit(this.#cause) && /^(truncated|unreachable)$/.test(outcome.outcome)) {
      const { limit } = this.#cause;
      Object.assign(outcome, { outcome: "unreadable", limit, offset: limit });
    }
    this.settle(outcome, machine.cursor());
    machine.free();
    return outcome;
  }
}
