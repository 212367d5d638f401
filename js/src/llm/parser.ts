import { PIECE } from "../core.js";
import { usage } from "../error.js";
import { Notice, emit } from "../items.js";
import type { Watchers } from "../items.js";
import { DO_CLOSED, DO_DELIVER, ROW } from "../generated/abi.js";
import { Machine } from "../machine.js";
import type { ReadOptions } from "../options.js";
import { isBytes, noBytes } from "../parser.js";
import { checkDialect } from "./delta.js";
import type { Delta, Dialect } from "./delta.js";
import type { Message } from "./message.js";
import { wholeOf } from "./reply.js";
import { DeltaReader } from "./rows.js";

/** Options of `createParser`. */
export interface ReplyParserOptions
  extends Watchers,
    Pick<
      ReadOptions,
      "format" | "endOn" | "failOn" | "heartbeatOn" | "maxEventBytes" | "skipOversized" | "deliverUnterminated"
    > {
  dialect?: Dialect | undefined;
  /** Called for each delta, from inside `push` and `end`. */
  onDelta?: ((delta: Delta) => void) | undefined;
}

/** A reply whose bytes are fed in pieces, which may be cut anywhere. */
export interface ReplyParser {
  /**
   * Feeds the next piece of the body. What a handler throws comes out of here; the next call first hands out the deltas that follow. A
   * record that is not JSON is thrown in the same way if there is no `onError`.
   */
  push(bytes: Uint8Array): void;
  /**
   * Says that the body has ended cleanly, gives the whole message, and frees the memory. Throws a `TidewireError` for a reply that is not
   * whole. After what a handler threw it can be called again.
   */
  end(): Message;
  /** Frees the memory at once, for a body that is not read to its end. */
  free(): void;
  /** The message as far as it was read, the same object each time. */
  readonly soFar: Message;
}

/** Makes deltas of bytes that do not come from `fetch`. `end` says whether the reply is whole. */
export function createParser(options: ReplyParserOptions): ReplyParser {
  return new Feed(options);
}

const nothing: never[] = [];
/** No time passes for a parser: it has no limits and waits for nothing. */
const noTime = () => 0;

class Feed implements ReplyParser {
  readonly #options: ReplyParserOptions;
  readonly #machine: Machine;
  readonly #reader: DeltaReader;
  #state: "open" | "busy" | "closed" = "open";
  /** What was read and not handed out, because a handler threw. */
  #queue: (Delta | Notice)[] = nothing;
  #next = 0;

  constructor(options: ReplyParserOptions) {
    this.#options = options;
    const { dialect = "auto", maxEventBytes } = options;
    checkDialect(dialect);
    const machine = new Machine({ ...options, dialect, retryAttempts: 0, resume: "never", sniff: true, repeatable: false }, noTime);
    this.#machine = machine;
    this.#reader = new DeltaReader({ dialect, maxEventBytes });
    machine.handle("start");
    machine.advance();
    machine.head(200, new Headers(), false);
  }

  push(chunk: Uint8Array): void {
    if (!isBytes(chunk)) throw noBytes();
    this.#enter("push");
    let at = 0;
    try {
      if (this.#queue !== nothing) this.#deliver();
      while (at < chunk.length) {
        const piece = chunk.length > PIECE ? chunk.subarray(at, at + PIECE) : chunk;
        at += PIECE;
        this.#take(this.#machine.received(piece));
      }
    } catch (error) {
      // A handler threw. The rest of the chunk is not lost with that: the next call hands it out.
      for (; at < chunk.length; at += PIECE) this.#keep(chunk.subarray(at, at + PIECE));
      throw error;
    } finally {
      this.#leave();
    }
  }

  end(): Message {
    this.#enter("end");
    let isOver = false;
    try {
      if (this.#queue !== nothing) this.#deliver();
      this.#machine.handle("body_end");
      while (this.#take(this.#machine.advance()) !== DO_CLOSED);
      isOver = true;
      return wholeOf(this.#reader, this.#machine.outcome(undefined));
    } finally {
      this.#leave();
      if (isOver) this.free();
    }
  }

  free(): void {
    if (this.#state === "closed") return;
    if (this.#state === "busy") throw usage("free() from inside onDelta");
    this.#state = "closed";
    this.#machine.free();
  }

  get soFar(): Message {
    return this.#reader.draft.message;
  }

  #enter(what: string): void {
    if (this.#state === "busy") throw usage(`${what}() from inside onDelta`);
    if (this.#state === "closed") throw usage(`${what}() after end() or free()`);
    this.#state = "busy";
  }

  #leave(): void {
    this.#state = "open";
  }

  /** Reads a piece without handing anything out. */
  #keep(piece: Uint8Array): void {
    if (this.#machine.received(piece) !== DO_DELIVER) return;
    this.#queue = this.#queue.slice(this.#next).concat(this.#reader.read(this.#machine.rows()));
    this.#next = 0;
  }

  /** Hands out everything that was read, if the machine says so. */
  #take(what: number): number {
    if (what !== DO_DELIVER) return what;
    const table = this.#machine.rows();
    if (table.to - table.from > ROW) {
      this.#queue = this.#reader.read(table);
      this.#deliver();
    } else {
      // As most tables are where each read brings an event.
      const next = this.#reader.row(table.words, table.from, table.text);
      if (next !== undefined) this.#hand(next);
    }
    return what;
  }

  #deliver(): void {
    const queue = this.#queue;
    while (this.#next < queue.length) this.#hand(queue[this.#next++]);
    this.#queue = nothing;
    this.#next = 0;
  }

  #hand(next: Delta | Notice): void {
    if (!(next instanceof Notice)) {
      this.#options.onDelta?.(next);
      return;
    }
    const unheard = emit(next, this.#options);
    if (unheard) throw unheard;
  }
}
