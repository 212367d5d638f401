import { END, KEYS, PIECE, ROW, START, core, encode } from "./core.js";
import type { Exports, Key, Rows } from "./core.js";
import { NUMBER, TidewireError, impossible, usage } from "./error.js";
import { forgotten, freeOf } from "./forgotten.js";
import { DEFAULT_MAX_EVENT_BYTES, EVENT, Notice, Reader, emit } from "./items.js";
import type { Item, SseEvent, Watchers } from "./items.js";

/** How a body is cut into records; `auto` goes by the content type or, without one, by the first byte. */
export type Format = "auto" | "sse" | "ndjson" | "json-seq" | "json-array" | "concat" | "text";

/** The same, for errors. */
export const FORMATS = "auto, sse, ndjson, json-seq, json-array, concat or text";

/** Limits and choices of a decoder. */
export interface DecoderOptions {
  format?: Format | undefined;
  /** The most bytes that one event or record may have; 16 MiB by default. */
  maxEventBytes?: number | undefined;
  /** Skip what exceeds the limit, call `onError`, and continue. */
  skipOversized?: boolean | undefined;
  /** Deliver an SSE block that has data but no blank line at the end of the body; the standard discards it. */
  deliverUnterminated?: boolean | undefined;
  /** The last event id of an earlier stream. */
  lastEventId?: string | undefined;
}

/** Options of `createParser`. */
export interface ParserOptions<T extends Item = SseEvent> extends DecoderOptions, Watchers {
  /** Called for each event, record or piece of text, from inside `push` and `end`. */
  onEvent: (event: T) => void;
}

/** A decoder that is fed in pieces, which may be cut anywhere. */
export interface Parser {
  /**
   * Feeds the next piece of the body.
   *
   * Throws a {@link TidewireError} with the code `too_large` or `bad_record` when decoding cannot continue; what came before has been
   * handed out. A bad record that decoding could skip is thrown too if there is no `onError`, and so is what a handler throws; the
   * next call first hands out the events that follow.
   */
  push(bytes: Uint8Array): void;
  /**
   * Says that the body has ended cleanly, hands out what only its end completes, and frees the memory. After what a handler threw it can
   * be called again, for the events that follow.
   */
  end(): void;
  /** Frees the memory at once, for a body that is not read to its end. */
  free(): void;
  /** The last event id in effect; empty if none was set. */
  readonly lastEventId: string;
  /** Whether the body would end inside a record if it ended here; after `end`, whether it did. */
  readonly insideRecord: boolean;
}

/** A decoder that follows its format's standard: no end markers, no outcome, no requests. */
export function createParser<T extends Item = SseEvent>(options: ParserOptions<T>): Parser {
  if (typeof options?.onEvent !== "function") throw impossible("onEvent", options?.onEvent, "a function");
  return new CoreParser(options as unknown as ParserOptions<Item>);
}

const nothing: never[] = [];

/** What a decoder is asked for; `crates/wasm/src/machine.rs` has the same list. */
const LAST_EVENT_ID = 10;
const INSIDE_RECORD = 11;

export class CoreParser implements Parser {
  readonly #core = core();
  readonly #wasm: Exports = this.#core.exports;
  #parser: number;
  #header: number;
  #state: "open" | "busy" | "closed" = "open";
  #failure: TidewireError | undefined;
  #hasEnded = false;
  #reader: Reader;
  /** What was read and not handed out because a handler threw. */
  #queue: (Item | Notice)[] = nothing;
  #next = 0;
  /** Where in the core's memory the pieces go, and how long they may be. */
  #inbox = 0;
  #room = 0;
  #last: { id: string; inside: boolean } | undefined;

  constructor(readonly options: ParserOptions<Item> & { done?: boolean; onDone?: () => void }) {
    const wasm = this.#wasm;
    const parser = wasm.machine_new(Number(this.#core.isWide));
    this.#parser = parser;
    this.#header = wasm.machine_header(parser);
    this.#reader = new Reader(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES);
    forgotten?.register(this, freeOf(wasm, parser), this);
    for (const key of ["format", "lastEventId"] as const) this.#setText(key, options[key]);
    for (const key of ["maxEventBytes", "skipOversized", "deliverUnterminated", "done"] as const) {
      const value = options[key];
      if (value !== undefined && !(Number(value) >= 0)) throw this.#refused(key, value, NUMBER);
      if (value !== undefined) wasm.machine_set(parser, KEYS[key], Number(value));
    }
  }

  push(chunk: Uint8Array): void {
    if (!isBytes(chunk)) throw noBytes();
    this.#enter("push");
    let at = 0;
    try {
      this.#deliver();
      while (at < chunk.length && this.#failure === undefined) {
        const piece = chunk.length > PIECE ? chunk.subarray(at, at + PIECE) : chunk;
        at += PIECE;
        this.#put(piece);
        this.#take(this.#wasm.machine_decode(this.#parser, piece.length, 0));
      }
      if (this.#failure !== undefined) throw this.#failure;
    } catch (error) {
      // A handler threw. The rest of the chunk is not lost with that: the next call hands it out.
      for (; at < chunk.length && this.#failure === undefined; at += PIECE) this.#keep(chunk.subarray(at, at + PIECE));
      throw error;
    } finally {
      this.#leave();
    }
  }

  end(): void {
    if (this.#state === "closed") return;
    this.#enter("end");
    let isOver = false;
    try {
      this.#deliver();
      if (this.#failure === undefined && !this.#hasEnded) {
        this.#hasEnded = true;
        this.#take(this.#wasm.machine_decode(this.#parser, 0, 1));
      }
      isOver = true;
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      this.#leave();
      if (isOver) this.free();
    }
  }

  free(): void {
    if (this.#state === "closed") return;
    if (this.#state === "busy") throw usage("free() from inside onEvent");
    this.#last = { id: this.lastEventId, inside: this.insideRecord };
    this.#state = "closed";
    forgotten?.unregister(this);
    this.#wasm.__wbg_machine_free(this.#parser, 0);
  }

  get lastEventId(): string {
    if (this.#last !== undefined) return this.#last.id;
    return this.#wasm.machine_fact(this.#parser, LAST_EVENT_ID) !== 0 ? this.#core.text(this.#parser, this.#header) : "";
  }

  get insideRecord(): boolean {
    return this.#last?.inside ?? this.#wasm.machine_fact(this.#parser, INSIDE_RECORD) !== 0;
  }

  #setText(key: Key, value: string | undefined): void {
    if (value === undefined) return;
    const encoded = encode(value);
    this.#put(encoded);
    if (this.#wasm.machine_set_text(this.#parser, KEYS[key], encoded.length) === 0) throw this.#refused(key, value, FORMATS);
  }

  #refused(key: Key, value: unknown, accepted: string): TidewireError {
    this.free();
    return impossible(key, value, accepted);
  }

  #enter(what: string): void {
    if (this.#state === "busy") throw usage(`${what}() from inside onEvent`);
    if (this.#state === "closed") throw usage(`${what}() after end() or free()`);
    this.#state = "busy";
  }

  #leave(): void {
    if (this.#state === "busy") this.#state = "open";
  }

  #put(piece: Uint8Array): void {
    if (piece.length > this.#room) {
      this.#room = piece.length;
      this.#inbox = this.#wasm.machine_reserve(this.#parser, piece.length) >>> 0;
    }
    this.#core.write(this.#inbox, piece);
  }

  /** Decodes a piece without handing anything out. */
  #keep(piece: Uint8Array): void {
    this.#put(piece);
    const ok = this.#wasm.machine_decode(this.#parser, piece.length, 0);
    const read = this.#reader.read(this.#core.rows(this.#parser, this.#header));
    if (ok === 0) this.#failure = (read.pop() as Notice).value as TidewireError;
    this.#queue = this.#queue.slice(this.#next).concat(read);
    this.#next = 0;
  }

  #take(ok: number): void {
    const table = this.#core.rows(this.#parser, this.#header);
    if (ok === 0) {
      // The last row says why; what comes before it is handed out first, even if handlers throw.
      const queue = this.#reader.read(table);
      this.#failure = (queue.pop() as Notice).value as TidewireError;
      this.#queue = queue;
      this.#deliver();
    } else if (table.to > table.from) {
      this.#pass(table);
    }
  }

  /** Hands out the rows of a table without an array in between. */
  #pass({ words, from, to, text }: Rows): void {
    const { onEvent } = this.options;
    const reader = this.#reader;
    try {
      while (from < to) {
        const row = from;
        from += ROW;
        if (words[row] === EVENT) {
          onEvent(reader.event(text.slice(words[row + START], words[row + END])));
        } else {
          const next = reader.row(words, row, text);
          if (next instanceof Notice) this.#emit(next);
          else if (next !== undefined) onEvent(next);
        }
        // A handler may have asked for something that made the memory grow.
        if (words.length === 0) words = this.#core.words;
      }
    } finally {
      if (from < to) this.#queue = reader.read({ words: this.#core.words, from, to, text });
    }
  }

  /** Hands out what was read; the rest stays for the next call when a handler throws. */
  #deliver(): void {
    const queue = this.#queue;
    const { onEvent } = this.options;
    while (this.#next < queue.length) {
      const next = queue[this.#next++];
      if (next instanceof Notice) this.#emit(next);
      else onEvent(next);
    }
    this.#queue = nothing;
    this.#next = 0;
  }

  #emit(notice: Notice): void {
    const unheard = emit(notice, this.options);
    if (unheard) throw unheard;
  }
}

/** The error for what came instead of bytes. */
export function noBytes(): TidewireError {
  return usage("bytes must come as a Uint8Array whose buffer was not transferred; encode text with a TextEncoder");
}

/** By its tag, which a Uint8Array of another window has too. Not one whose buffer is gone: it looks empty, and what it held would be lost. */
export function isBytes(chunk: unknown): chunk is Uint8Array {
  const isOne = chunk instanceof Uint8Array || Object.prototype.toString.call(chunk) === "[object Uint8Array]";
  return isOne && ((chunk as Uint8Array).length > 0 || !isDetached((chunk as Uint8Array).buffer));
}

/** Of a buffer that is gone no view can be made; `detached` is too new to be relied on. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return !new Uint8Array(buffer);
  } catch {
    return true;
  }
}
