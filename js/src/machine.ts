import { KEYS, core, encode } from "./core.js";
import type { Core, Key, Rows } from "./core.js";
import { known, words } from "./error.js";
import { forgotten, freeOf } from "./forgotten.js";
import type { Outcome, OutcomeCode, Stats } from "./outcome.js";

/** The actions that a machine asks for; `crates/wasm/src/machine.rs` has the same list. */
export const DELIVER = 0;
export const WAIT = 1;
export const CONNECT = 2;
export const RETRY = 3;
export const GAP = 4;
export const STALLED = 5;
export const CLOSED = 6;
/** As `WAIT`, but the alarm that is set rings too late. */
export const WAIT_LESS = 7;

/** The facts that a machine has as text. */
const ACCEPT = 0;
const OUTCOME = 1;
const ERROR = 2;
const CURSOR = 3;
const REQUEST_CURSOR = 4;
const TIMEOUT = 5;
const REFUSED_BODY = 6;
const REASON = 7;
const AFTER = 8;
const IS_OPEN = 9;
const AT_RELAY = 13;

/** Where an attempt failed; the same file has the list. */
export const BEFORE_SENDING: number = 2;
export const BEFORE_HEAD = 3;
export const IN_BODY = 4;
export const IN_REFRESH = 11;

/** Inputs without further data. */
const HAPPENED = { start: 0, body_end: 1, tick: 5, pause: 6, kick: 7, queue_timeout: 8, cancel: 9, sent: 10, cursor_lost: 12 };
export type Happened = keyof typeof HAPPENED;
/** An input with a number of milliseconds, and the most that it takes. */
const CHECK = 13;
const LONGEST_ABSENCE = 2 ** 32 - 1;

/** A further request, and why it is made. */
export interface Retry {
  attempt: number;
  delayMs: number;
  reason: string;
  /** The wait that `retry:` asked for, if it is longer than what is honoured. */
  askedMs?: number;
}

const now = (): number => performance.now();
const chance = (): number => Math.random() * 2 ** 32;

/** The core's state machine of one stream, given a clock and random numbers. */
export class Machine {
  readonly #memory = core();
  readonly #core = this.#memory.exports;
  #machine = this.#core.machine_new(Number(this.#memory.isWide));
  readonly #header = this.#core.machine_header(this.#machine);

  constructor() {
    forgotten?.register(this, freeOf(this.#core, this.#machine), this);
  }

  /** For a parser, which feeds it by hand. */
  get own(): [Core, number] {
    return [this.#memory, this.#machine];
  }

  /** Sets an option; false if it does not take this value. */
  set(key: Key, value: string | number | boolean): boolean {
    const [set, given] =
      typeof value === "string" ? (["set_text", this.#put(value)] as const) : (["set", Number(value)] as const);
    return given >= 0 && this.#core[`machine_${set}`](this.#machine, KEYS[key], given) !== 0;
  }

  handle(happened: Happened, at = now()): void {
    this.#input(HAPPENED[happened], 0, at);
  }

  /** The page is back after so many milliseconds. */
  check(away: number): void {
    this.#input(CHECK, Math.min(away, LONGEST_ABSENCE));
  }

  /** `relayed` says that a relay keeps the response. */
  head(status: number, headers: Headers, relayed: boolean): void {
    let text = "";
    const ends = ["content-type", "retry-after", "retry-after-ms"].map((name) => {
      const value = headers.get(name);
      return value === null ? -1 : this.#put((text += value));
    });
    this.#core.machine_head(this.#machine, now(), chance(), status, ends[0], ends[1], ends[2], Number(relayed), Date.now());
  }

  /** Feeds a piece of the body, and returns the next action. */
  received(piece: Uint8Array): number {
    return this.#core.machine_received(this.#machine, now(), chance(), this.#put(piece));
  }

  broke(where: number, error: unknown): void {
    this.#input(where, this.#put(words(error)));
  }

  advance(): number {
    return this.#core.machine_advance(this.#machine, now(), chance());
  }

  rows(): Rows {
    return this.#memory.rows(this.#machine, this.#header);
  }

  /** When the machine wants a tick, by `performance.now()`; infinite for never. */
  due(): number {
    return this.#core.machine_deadline(this.#machine);
  }

  /** Whether a body is being read. */
  get isOpen(): boolean {
    return this.#core.machine_fact(this.#machine, IS_OPEN) !== 0;
  }

  get isOver(): boolean {
    return this.#text(OUTCOME) !== undefined;
  }

  accept(): string {
    return this.#text(ACCEPT) ?? "*/*";
  }

  cursor(): string | undefined {
    return this.#text(CURSOR);
  }

  requestCursor(): string | undefined {
    return this.#text(REQUEST_CURSOR);
  }

  error(): string | undefined {
    return this.#text(ERROR);
  }

  retry(): Retry {
    const facts = this.#facts();
    return known({ attempt: facts[11], delayMs: facts[12], reason: this.#text(REASON) ?? "", askedMs: facts[14] });
  }

  /** Whether the next request is to carry renewed credentials. */
  get wantsRefresh(): boolean {
    return this.#facts()[15] !== 0;
  }

  /** Whether the next request is a GET of the place at which a relay keeps the response. */
  get isAtRelay(): boolean {
    return this.#core.machine_fact(this.#machine, AT_RELAY) !== 0;
  }

  gap(): string | undefined {
    return this.#text(AFTER);
  }

  silentMs(): number {
    return this.#facts()[13];
  }

  stats(): Omit<Stats, "transport"> {
    const [, , , , events, bytes, attempts, firstByteMs, firstEventMs, longestSilenceMs, elapsedMs] = this.#facts();
    return { events, bytes, attempts, firstByteMs, firstEventMs, longestSilenceMs, elapsedMs };
  }

  /** How the stream ended. `head` is the response's, for one that was refused. */
  outcome(head: { status: number; headers: Headers } | undefined): Outcome {
    const outcome = this.#text(OUTCOME) as OutcomeCode;
    const [status, limit, offset, retryAfterMs, events, bytes, attempts] = this.#facts();
    const good = outcome === "complete" || outcome === "ended";
    const refused = outcome === "refused" ? head : undefined;
    // The core says that the status is good and the content type is not.
    const isOther = retryAfterMs === -2;
    const error = isOther ? otherType(refused?.headers.get("content-type")) : this.#text(ERROR);
    return known({
      outcome,
      events,
      bytes,
      attempts,
      status,
      limit,
      offset,
      retryAfterMs: isOther ? -1 : retryAfterMs,
      timeout: this.#text(TIMEOUT) as Outcome["timeout"],
      cursor: good ? undefined : this.cursor(),
      error: good || outcome === "cancelled" ? undefined : error,
      headers: refused && Object.fromEntries(refused.headers),
      body: refused && this.#text(REFUSED_BODY),
    } as Outcome);
  }

  /** To be called once. */
  free(): void {
    forgotten?.unregister(this);
    this.#core.__wbg_machine_free(this.#machine, 0);
    // The core refuses a null pointer. A stale one would be written through.
    this.#machine = 0;
  }

  #input(what: number, given: number, at = now()): void {
    this.#core.machine_handle(this.#machine, at, chance(), what, given);
  }

  /** Puts bytes or a text where the core looks for them, and says how many bytes there are. */
  #put(given: Uint8Array | string | null): number {
    const bytes = typeof given === "object" && given ? given : encode(given ?? "");
    this.#memory.write(this.#core.machine_reserve(this.#machine, bytes.length), bytes);
    return bytes.length;
  }

  #text(what: number): string | undefined {
    return this.#core.machine_fact(this.#machine, what) !== 0 ? this.#memory.text(this.#machine, this.#header) : undefined;
  }

  #facts(): Float64Array {
    return this.#memory.numbers(this.#core.machine_facts(this.#machine, now()), 16);
  }
}

function otherType(type: string | null | undefined): string {
  return `${type ? `the content type ${type} is not a stream's` : "there is no content type"}; choose a format`;
}
