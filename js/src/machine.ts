import { core, lenient } from "./core.js";
import type { Core, Rows, Source } from "./core.js";
import { known, words } from "./error.js";
import { forgotten, freeOf } from "./forgotten.js";
import * as abi from "./generated/abi.js";
import { announced, retryAfter } from "./headers.js";
import { tooLarge } from "./items.js";
import type { MachineOptions } from "./options.js";
import { setUp } from "./options.js";
import type { Outcome, Stats } from "./outcome.js";
import { reasonOf } from "./reason.js";

/** The most that is kept of a refused response's body, in bytes. */
const REFUSED_BYTES = 65536;

/** Inputs without further data. */
const HAPPENED = {
  start: abi.HAS_START,
  sent: abi.HAS_SENT,
  cursor_lost: abi.HAS_CURSOR_LOST,
  body_end: abi.HAS_BODY_END,
  tick: abi.HAS_TICK,
  pause: abi.HAS_PAUSE,
  kick: abi.HAS_KICK,
  queue_timeout: abi.HAS_QUEUE_TIMEOUT,
  cancel: abi.HAS_CANCEL,
};
export type Happened = keyof typeof HAPPENED;

/** A further request, and why it is made. */
export interface Retry {
  attempt: number;
  delayMs: number;
  reason: string;
  /** The wait that `retry:` asked for, if it is longer than what is honoured. */
  askedMs: number | undefined;
}

const now = (): number => performance.now();
const chance = (): number => Math.random() * 2 ** 32;

/** The core's state machine of one stream, given a clock and random numbers. */
export class Machine {
  #core!: Core;
  #at!: number;
  /** What the transport or the peer said of the last failure. */
  #error: string | undefined;
  /** The body of a response that is refused. */
  #refused: Uint8Array[] = [];
  #kept = 0;
  /** What the request carries could not be renewed. */
  #isStale = false;

  /**
   * A machine with these options; `clock` gives the time in milliseconds. Throws a `TidewireError` with the code `usage` for a value that an
   * option does not take.
   */
  constructor(
    readonly options: MachineOptions,
    readonly clock = now,
  ) {
    this.#make(core());
  }

  /** Whether the options want what only the core with all formats knows. */
  needsMore = false;

  #make(core: Core): void {
    this.#core = core;
    this.#at = core.make();
    forgotten?.register(this, freeOf(core, this.#at), this);
    try {
      this.needsMore = setUp(core, this.#at, this.options);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Goes on in the core that knows all formats. */
  async more(): Promise<void> {
    const source = await this.#core.source.more?.();
    // A stream that was closed meanwhile has no machine any more.
    if (source && this.#at !== 0) this.#move(source);
  }

  #move(source: Source): void {
    const { words, bytes } = this.#core;
    const before = this.#at;
    const hasBegun = this.#state !== abi.STATE_IDLE;
    const cursor = this.cursor();
    const at = words[(before >>> 2) + abi.AT_NUMBERS];
    const numbers = bytes.slice(at, at + abi.SESSION_NUMBERS);
    this.free();
    this.#make(core(source));
    if (!hasBegun) return;
    if (cursor !== undefined) this.#core.exports.machine_last_id(this.#at, this.#core.put(this.#at, cursor));
    this.#tell(abi.HAS_START);
    this.#core.bytes.set(numbers, this.#core.word(this.#at, abi.AT_NUMBERS));
  }

  /** Whether a response's body is in a format that only the core with all formats knows. The body of an error is not decoded. */
  lacks(status: number, headers: Headers): boolean {
    // It depends on the caller's choice, not on the format of the previous response.
    const isChosen = (this.options.format ?? "auto") !== "auto";
    if (this.#core.source.more === undefined || isChosen || !isSuccess(status)) return false;
    const format = announced(headers.get("content-type"));
    return format > abi.FORMAT_TEXT && format < abi.ANNOUNCES_OTHER;
  }

  /** Whether a body that is decoded without a content type, and begins with this chunk, may be in such a format. */
  mayLack(chunk: Uint8Array): boolean {
    const isKnown = this.#core.source.more === undefined || this.#core.word(this.#at, abi.AT_FORMAT) !== abi.FORMAT_AUTO;
    if (isKnown || this.#state !== abi.STATE_OPEN) return false;
    const first = chunk.find((byte) => byte === 0x1e || (byte > 0x20 && byte < 0x80)) ?? 0x7b;
    return first === 0x7b || first === 0x5b || first === 0x1e;
  }

  handle(happened: Happened, at = this.clock()): void {
    this.#tell(HAPPENED[happened], 0, at);
  }

  /** The page is back after so many milliseconds. */
  check(away: number): void {
    this.#tell(abi.HAS_CHECK, away);
  }

  /** `relayed` says that a relay keeps the response. */
  head(status: number, headers: Headers, relayed: boolean): void {
    this.#error = isSuccess(status) ? undefined : `the server answered with status ${status}`;
    const type = announced(headers.get("content-type"));
    this.#core.exports.machine_head(this.#at, this.clock(), chance(), status, type, retryAfter(headers), Number(relayed));
  }

  /** Feeds a piece of the body, and returns the next action. */
  received(piece: Uint8Array): number {
    const core = this.#core;
    const next = core.exports.machine_received(this.#at, this.clock(), chance(), core.put(this.#at, piece));
    if (next !== abi.DO_WAIT || this.#state !== abi.STATE_REFUSED) return next;
    this.#refused.push(piece.slice(0, REFUSED_BYTES - this.#kept));
    if ((this.#kept += piece.length) >= REFUSED_BYTES) this.handle("body_end");
    return this.advance();
  }

  /** The attempt failed; `where` is one of the inputs for that. */
  broke(where: number, error: unknown): void {
    if (this.#state < abi.STATE_REFUSED) this.#error = words(error);
    this.#isStale = where === abi.HAS_REFRESH_FAILED;
    this.#tell(where);
  }

  /** The next action. */
  advance(): number {
    const next = this.#core.exports.machine_advance(this.#at, this.clock(), chance());
    if (next === abi.DO_CONNECT) this.#error = undefined;
    return next;
  }

  rows(): Rows {
    return this.#core.rows(this.#at);
  }

  /** When the next tick is due, on the machine's clock; infinite if none is. */
  due(): number {
    return this.#core.exports.machine_due(this.#at);
  }

  /** Whether a body is being read. */
  get isOpen(): boolean {
    const state = this.#state;
    return state === abi.STATE_OPEN || state === abi.STATE_UNTYPED || state === abi.STATE_REFUSED;
  }

  get isOver(): boolean {
    return this.#state === abi.STATE_CLOSED;
  }

  accept(): string {
    return abi.ACCEPTS[this.#core.word(this.#at, abi.AT_FORMAT)];
  }

  cursor(): string | undefined {
    return this.#text(abi.TEXT_LAST);
  }

  requestCursor(): string | undefined {
    return this.#text(abi.TEXT_REQUESTED);
  }

  gap(): string | undefined {
    return this.#text(abi.TEXT_GAP_AFTER);
  }

  /** The URL at which a GET continues an LLM's reply, where the cursor alone does not say so; empty if the reply has no id. */
  continuation(): string | undefined {
    return this.#text(abi.TEXT_CONTINUATION);
  }

  error(): string | undefined {
    return this.#error;
  }

  retry(): Retry {
    return {
      attempt: this.#word(abi.FACT_ATTEMPT),
      delayMs: this.#float(abi.FACT_DELAY),
      reason: abi.REASONS[this.#word(abi.FACT_REASON)],
      askedMs: this.#float(abi.FACT_ASKED) || undefined,
    };
  }

  /** Whether the next request is to carry renewed credentials. */
  get wantsRefresh(): boolean {
    return this.#byte(abi.FACT_WANTS_REFRESH) !== 0;
  }

  /** Whether the next request is a GET of the place at which a relay keeps the response. */
  get isAtRelay(): boolean {
    return this.#byte(abi.FACT_AT_RELAY) !== 0;
  }

  silentMs(): number {
    return this.#float(abi.FACT_SILENT);
  }

  stats(): Omit<Stats, "transport"> {
    return {
      events: this.#float(abi.FACT_EVENTS),
      bytes: this.#float(abi.FACT_BYTES),
      attempts: this.#word(abi.FACT_ATTEMPTS),
      firstByteMs: this.#float(abi.FACT_FIRST_BYTE),
      firstEventMs: this.#float(abi.FACT_FIRST_EVENT),
      longestSilenceMs: this.#core.exports.machine_silence(this.#at, this.clock()),
      elapsedMs: this.#state === abi.STATE_IDLE ? 0 : this.clock() - this.#float(abi.FACT_STARTED),
    };
  }

  /** How the stream ended. `headers` are the response's, for one that was refused. */
  outcome(headers: Headers | undefined): Outcome {
    const outcome = abi.OUTCOMES[this.#word(abi.FACT_END)];
    const isGood = outcome === "complete" || outcome === "ended";
    const isRefused = outcome === "refused";
    const isUnreadable = outcome === "unreadable";
    const why = isRefused ? this.#word(abi.FACT_WHY) : undefined;
    const size = this.#float(abi.FACT_SIZE_LIMIT);
    const offset = this.#float(abi.FACT_OFFSET);
    const body = isRefused ? lenient(joined(this.#refused)) : undefined;
    let error = this.#error;
    if (why === 1) error = otherType(headers?.get("content-type"));
    // What is worth saying beside the status is the peer's own reason.
    else if (isRefused && !this.#isStale) error = reasonOf(body as string);
    else if (outcome === "failed") error = this.#text(abi.TEXT_FAILURE);
    else if (isUnreadable) error = size < 0 ? `not JSON at byte ${offset}: ${this.#text(abi.TEXT_PROBLEM)}` : tooLarge(size, offset);
    const { events, bytes, attempts } = this.stats();
    return known({
      outcome,
      events,
      bytes,
      attempts,
      status: isRefused ? this.#word(abi.FACT_STATUS) : undefined,
      limit: isUnreadable ? size : undefined,
      offset: isUnreadable ? offset : undefined,
      retryAfterMs: why === 2 ? this.#float(abi.FACT_RETRY_AFTER) : undefined,
      timeout: outcome === "timed_out" ? abi.LIMITS[this.#word(abi.FACT_LIMIT)] : undefined,
      cursor: isGood ? undefined : this.cursor(),
      error: isGood || outcome === "cancelled" ? undefined : error,
      headers: isRefused && headers ? Object.fromEntries(headers) : undefined,
      body: headers && body,
    } as Outcome);
  }

  /** Says what is requested, of an LLM's reply. False if a stored cursor is of no use to it. */
  ask(request: string): boolean {
    return this.#core.exports.machine_request(this.#at, this.#core.put(this.#at, request)) !== 0;
  }

  /** To be called once. */
  free(): void {
    forgotten?.unregister(this);
    this.#core.free(this.#at);
    // The core refuses a null pointer. A stale one would be written through.
    this.#at = 0;
  }

  get #state(): number {
    return this.#word(abi.FACT_STATE);
  }

  #tell(what: number, given = 0, at = this.clock()): void {
    this.#core.exports.machine_tell(this.#at, at, chance(), what, given);
  }

  #text(which: number): string | undefined {
    return this.#core.exports.machine_text(this.#at, which) !== 0 ? this.#core.text(this.#at) : undefined;
  }

  #fact(offset: number): number {
    return this.#core.word(this.#at, abi.AT_FACTS) + offset;
  }

  #float(offset: number): number {
    return this.#core.floats[this.#fact(offset) >>> 3];
  }

  #word(offset: number): number {
    return this.#core.words[this.#fact(offset) >>> 2];
  }

  #byte(offset: number): number {
    return this.#core.bytes[this.#fact(offset) >>> 0];
  }
}

function joined(pieces: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function otherType(type: string | null | undefined): string {
  return `${type ? `the content type ${type} is not a stream's` : "there is no content type"}; choose a format`;
}

function isSuccess(status: number): boolean {
  return status > 199 && status < 300;
}
