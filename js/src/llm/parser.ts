import { PIECE } from "../core.js";
import { TidewireError } from "../error.js";
import { Told } from "../items.js";
import type { Listeners, Watchers } from "../items.js";
import { CLOSED, CONNECT, DELIVER } from "../machine.js";
import type { Machine } from "../machine.js";
import { machineOf } from "../options.js";
import type { ReadOptions } from "../options.js";
import { isBytes, noBytes } from "../parser.js";
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

/** A reply whose bytes are fed by hand, in pieces that may be cut anywhere. */
export interface ReplyParser {
  /**
   * Feeds the next piece of the body. What a handler throws comes out of here; the deltas behind it are handed out first by the next call.
   * So does a record that is no JSON where there is no `onError`.
   */
  push(bytes: Uint8Array): void;
  /** The body has ended cleanly. Says what the reply came to and frees the memory; throws a `TidewireError` for one that is not whole. */
  end(): Message;
  /** Frees the memory at once, for a body that is not read to its end. */
  free(): void;
  /** The message as far as it was read, the same object each time. */
  readonly soFar: Message;
}

/** Makes deltas of bytes that come from elsewhere than `fetch`. Whether the reply is whole, `end` says. */
export function createParser(options: ReplyParserOptions): ReplyParser {
  return new Feed(options);
}

class Feed implements ReplyParser {
  readonly #options: ReplyParserOptions;
  readonly #machine: Machine;
  readonly #reader: DeltaReader;
  #state: "open" | "busy" | "closed" = "open";
  #queue: (Delta | Told)[] = [];
  #next = 0;

  constructor(options: ReplyParserOptions) {
    this.#options = options;
    const { maxEventBytes } = options;
    this.#machine = machineOf({ dialect: "auto", ...options, retryAttempts: 0, resume: "never", sniff: true, repeatable: false });
    this.#reader = new DeltaReader({ dialect: options.dialect, maxEventBytes });
    // There is no silence here, and so no limit of it.
    this.#machine.handle("start", 0);
    if (this.#machine.advance() === CONNECT) this.#machine.head(200, null, null);
  }

  push(chunk: Uint8Array): void {
    if (!isBytes(chunk)) throw noBytes();
    this.#enter("push");
    try {
      this.#deliver();
      for (let at = 0; at < chunk.length; at += PIECE) {
        this.#machine.received(chunk.length > PIECE ? chunk.subarray(at, at + PIECE) : chunk);
        this.#take();
      }
    } finally {
      this.#leave();
    }
  }

  end(): Message {
    this.#enter("end");
    try {
      this.#deliver();
      this.#machine.handle("body_end");
      while (this.#take() !== CLOSED);
      return wholeOf(this.#reader, this.#machine.outcome(undefined));
    } finally {
      this.#leave();
      this.free();
    }
  }

  free(): void {
    if (this.#state === "closed") return;
    if (this.#state === "busy") throw new TidewireError("usage", "free() from inside onDelta");
    this.#state = "closed";
    this.#machine.free();
  }

  get soFar(): Message {
    return this.#reader.draft.message;
  }

  #enter(what: string): void {
    if (this.#state === "busy") throw new TidewireError("usage", `${what}() from inside onDelta`);
    if (this.#state === "closed") throw new TidewireError("usage", `${what}() after end() or free()`);
    this.#state = "busy";
  }

  #leave(): void {
    this.#state = "open";
  }

  /** Reads what has come, all at once. */
  #take(): number {
    const what = this.#machine.advance();
    if (what === DELIVER) {
      this.#queue = this.#reader.read(this.#machine.rows());
      this.#deliver();
    }
    return what;
  }

  #deliver(): void {
    const queue = this.#queue;
    const { onDelta } = this.#options;
    while (this.#next < queue.length) {
      const next = queue[this.#next++];
      if (next instanceof Told) this.#tell(next);
      else onDelta?.(next);
    }
    this.#queue = [];
    this.#next = 0;
  }

  #tell({ whom, what }: Told): void {
    (this.#options as Listeners)[whom]?.(what);
    if (what instanceof TidewireError && !this.#options.onError) throw what;
  }
}
