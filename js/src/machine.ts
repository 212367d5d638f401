import { KEYS, core, encode, isWide, numbers, rows, text, write } from "./core.js";
import type { Key, Rows } from "./core.js";
import { TidewireError } from "./error.js";
import type { Outcome, OutcomeCode, Stats } from "./outcome.js";

/** What is to be done; `crates/wasm/src/machine.rs` has the same list. */
export const DELIVER = 0;
export const WAIT = 1;
export const CONNECT = 2;
export const AGAIN = 3;
export const GAP = 4;
export const STALLED = 5;
export const CLOSED = 6;

/** What the machine tells in words. */
const ACCEPT = 0;
const OUTCOME = 1;
const ERROR = 2;
const CURSOR = 3;
const REQUEST_CURSOR = 4;
const TIMEOUT = 5;
const REFUSED_BODY = 6;
const REASON = 7;
const AFTER = 8;

const IS_READING = 9;

/** What the machine is told; the same file has the same list. */
const START = 0;
const RECEIVED = 1;
const BODY_END = 2;
/** Where the transport failed. */
export const BEFORE_SENDING = 3;
export const BEFORE_HEAD = 4;
export const IN_BODY = 5;
const TICK = 6;
const KICK = 8;
const CANCEL = 10;

/** A further request, and why. */
export interface Again {
  attempt: number;
  delayMs: number;
  reason: string;
}

const forgotten = new FinalizationRegistry<number>((machine) => core().__wbg_machine_free(machine, 0));
const now = (): number => performance.now();
const chance = (): number => Math.random() * 2 ** 32;

/** The core's state machine of one stream, with the clock and the dice that it has not. */
export class Machine {
  readonly #machine: number;
  readonly #header: number;
  #freed = false;

  constructor() {
    const wasm = core();
    this.#machine = wasm.machine_new(Number(isWide()));
    this.#header = wasm.machine_header(this.#machine);
    forgotten.register(this, this.#machine, this);
  }

  /** Sets an option; false where it cannot be so. */
  set(key: Key, value: string | number | boolean): boolean {
    return (
      (typeof value === "string"
        ? core().machine_set_text(this.#machine, KEYS[key], this.#put(encode(value)))
        : core().machine_set(this.#machine, KEYS[key], Number(value))) !== 0
    );
  }

  start(): void {
    this.#handle(START);
  }

  head(status: number, type: string | null, retryAfter: string | null): void {
    const [first, second] = [encode(type ?? ""), encode(retryAfter ?? "")];
    const both = new Uint8Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    this.#put(both);
    const lengths = [type === null ? -1 : first.length, retryAfter === null ? -1 : second.length];
    core().machine_head(this.#machine, now(), chance(), status, lengths[0], lengths[1], Date.now());
  }

  received(piece: Uint8Array): void {
    this.#handle(RECEIVED, this.#put(piece));
  }

  bodyEnd(): void {
    this.#handle(BODY_END);
  }

  broke(where: number, error: unknown): void {
    this.#handle(where, this.#put(encode(words(error))));
  }

  tick(): void {
    this.#handle(TICK);
  }

  kick(): void {
    this.#handle(KICK);
  }

  cancel(): void {
    this.#handle(CANCEL);
  }

  advance(): number {
    return core().machine_advance(this.#machine, now(), chance());
  }

  rows(): Rows {
    return rows(this.#header);
  }

  /** How long until the machine wants a tick, in milliseconds; infinite for never. */
  rest(): number {
    return core().machine_deadline(this.#machine) - now();
  }

  get isReading(): boolean {
    return core().machine_tell(this.#machine, IS_READING) !== 0;
  }

  get isOver(): boolean {
    return core().machine_tell(this.#machine, OUTCOME) !== 0;
  }

  accept(): string {
    return this.#tell(ACCEPT) ?? "*/*";
  }

  cursor(): string | undefined {
    return this.#tell(CURSOR);
  }

  requestCursor(): string | undefined {
    return this.#tell(REQUEST_CURSOR);
  }

  error(): string | undefined {
    return this.#tell(ERROR);
  }

  again(): Again {
    const facts = this.#facts();
    return { attempt: facts[11], delayMs: facts[12], reason: this.#tell(REASON) ?? "" };
  }

  gap(): string | undefined {
    return this.#tell(AFTER);
  }

  silentMs(): number {
    return this.#facts()[13];
  }

  stats(): Stats {
    const [, , , , events, bytes, attempts, firstByteMs, firstEventMs, longestSilenceMs, elapsedMs] = this.#facts();
    return { events, bytes, attempts, firstByteMs, firstEventMs, longestSilenceMs, elapsedMs };
  }

  /** How the stream ended. `head` is the reply's, for one that is refused. */
  outcome(head: { status: number; headers: Headers } | undefined): Outcome {
    const code = (this.#tell(OUTCOME) ?? "cancelled") as OutcomeCode;
    const [status, limit, offset, retryAfterMs, events, bytes, attempts] = this.#facts();
    const outcome: Outcome = { outcome: code, events, bytes, attempts };
    const put = <K extends keyof Outcome>(key: K, value: Outcome[K] | undefined): void => {
      if (value !== undefined) outcome[key] = value;
    };
    const known = (value: number): number | undefined => (value < 0 ? undefined : value);
    put("status", known(status));
    put("retryAfterMs", known(retryAfterMs));
    put("limit", known(limit));
    put("offset", known(offset));
    put("timeout", this.#tell(TIMEOUT) as Outcome["timeout"]);
    if (code !== "complete" && code !== "ended") {
      put("cursor", this.#tell(CURSOR));
      if (code !== "cancelled") put("error", this.#tell(ERROR));
    }
    if (code === "refused") {
      put("headers", head?.headers);
      put("body", this.#tell(REFUSED_BODY));
      // The core says that the status is good and the content type is not.
      if (retryAfterMs === -2) {
        const type = head?.headers.get("content-type");
        put("error", `${type ? `the content type ${type}` : "no content type"}, which is no stream; choose a format`);
      }
    }
    return outcome;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    forgotten.unregister(this);
    core().__wbg_machine_free(this.#machine, 0);
  }

  #handle(what: number, length = 0): void {
    core().machine_handle(this.#machine, now(), chance(), what, length);
  }

  #put(chunk: Uint8Array): number {
    write(core().machine_reserve(this.#machine, chunk.length), chunk);
    return chunk.length;
  }

  #tell(what: number): string | undefined {
    return core().machine_tell(this.#machine, what) !== 0 ? text(this.#header) : undefined;
  }

  #facts(): Float64Array {
    return numbers(core().machine_facts(this.#machine, now()), 14);
  }
}

/** What was thrown, with what it came of: `fetch` hides the reason there. */
export function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return error.message + inner;
}

/** An option that cannot be so. */
export function impossible(key: string, value: unknown): TidewireError {
  return new TidewireError("usage", `${key}: ${JSON.stringify(value)} is not possible`);
}
