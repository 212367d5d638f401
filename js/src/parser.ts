import { PIECE, core } from "./core.js";
import type { Rows } from "./core.js";
import { NUMBER, TidewireError, impossible, usage } from "./error.js";
import { forgotten, freeOf } from "./forgotten.js";
import { AT_FORMAT, AT_FORMATS, AT_INSIDE, AT_LAST_ID, AT_LAST_ID_LENGTH, END, EVENT, FORMATS as NAMES, ROW, START } from "./generated/abi.js";
import { DEFAULT_MAX_EVENT_BYTES, Notice, Reader, emit, unknownFormat } from "./items.js";
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
  return parserOf(options, Reader);
}

/** The same with the reader of rows that the core has. */
export function parserOf<T extends Item>(options: ParserOptions<T>, Rows: typeof Reader): Parser {
  if (typeof options?.onEvent !== "function") throw impossible("onEvent", options?.onEvent, "a function");
  return new CoreParser(options as unknown as ParserOptions<Item>, Rows);
}

const nothing: never[] = [];

/** The numeric options, in the order of their words. */
const NUMBERS = ["maxEventBytes", "skipOversized", "deliverUnterminated"] as const;
const MOST = 2 ** 32 - 1;

export class CoreParser implements Parser {
  #core = core();
  readonly #parser: number;
  /** The first word of its header. */
  readonly #header: number;
  #state: "open" | "busy" | "closed" = "open";
  #failure: TidewireError | undefined;
  #hasEnded = false;
  #reader: Reader;
  /** What was read and not handed out because a handler threw. */
  #queue: (Item | Notice)[] = nothing;
  #next = 0;
  #last: { id: string; inside: boolean } | undefined;

  constructor(
    readonly options: ParserOptions<Item>,
    Rows = Reader,
  ) {
    const { maxEventBytes = DEFAULT_MAX_EVENT_BYTES, format = "auto", lastEventId } = options;
    const number = NAMES.indexOf(format);
    if (number < 0) throw impossible("format", format, FORMATS);
    const values = NUMBERS.map((key) => {
      const value = key === "maxEventBytes" ? maxEventBytes : (options[key] ?? 0);
      if (!(Number(value) >= 0)) throw impossible(key, value, NUMBER);
      return Math.min(Number(value), MOST);
    });
    const core = this.#core;
    const parser = core.make();
    const header = parser >>> 2;
    this.#parser = parser;
    this.#header = header;
    this.#reader = new Rows(maxEventBytes);
    forgotten?.register(this, freeOf(core, parser), this);
    const { words } = core;
    if (number >= words[header + AT_FORMATS]) {
      this.free();
      throw unknownFormat(JSON.stringify(format));
    }
    words.set([number, ...values], header + AT_FORMAT);
    if (lastEventId !== undefined) core.exports.machine_last_id(parser, core.put(parser, lastEventId));
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
        this.#take(this.#decode(piece));
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
        this.#take(this.#core.exports.machine_decode(this.#parser, 0, 1));
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
    this.#core.free(this.#parser);
    // A core that has grown large goes with its last parser, however long the caller keeps that.
    this.#core = undefined as never;
  }

  get lastEventId(): string {
    return this.#last?.id ?? this.#core.textAt(this.#fact(AT_LAST_ID), this.#fact(AT_LAST_ID_LENGTH));
  }

  get insideRecord(): boolean {
    return this.#last?.inside ?? this.#fact(AT_INSIDE) !== 0;
  }

  #fact(word: number): number {
    return this.#core.words[this.#header + word];
  }

  #enter(what: string): void {
    if (this.#state === "busy") throw usage(`${what}() from inside onEvent`);
    if (this.#state === "closed") throw usage(`${what}() after end() or free()`);
    this.#state = "busy";
  }

  #leave(): void {
    if (this.#state === "busy") this.#state = "open";
  }

  #decode(piece: Uint8Array): number {
    return this.#core.exports.machine_decode(this.#parser, this.#core.put(this.#parser, piece), 0);
  }

  #rows(): Rows {
    return this.#core.rows(this.#parser);
  }

  /** Decodes a piece without handing anything out. */
  #keep(piece: Uint8Array): void {
    const ok = this.#decode(piece);
    const read = this.#reader.read(this.#rows());
    if (ok === 0) this.#failure = (read.pop() as Notice).value as TidewireError;
    this.#queue = this.#queue.slice(this.#next).concat(read);
    this.#next = 0;
  }

  #take(ok: number): void {
    const table = this.#rows();
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
