import type { Rows } from "./core.js";
import { TidewireError } from "./error.js";

/** An event of an SSE stream. */
export interface SseEvent {
  /** The event's name; `message` where the stream gives none. */
  type: string;
  /** Its data, the lines joined with a line feed. */
  data: string;
  /** The last event id in effect; empty where none was set. */
  id: string;
}

/** A JSON value of a stream of them. */
export interface JsonRecord<Value = unknown> {
  type: "record";
  /** Its place in the body, counted from 0. */
  index: number;
  value: Value;
}

/** A piece of a text stream; never half a character. */
export interface TextPiece {
  type: "text";
  text: string;
}

/** What a stream brings; which of them, its format says. */
export type Item = SseEvent | JsonRecord | TextPiece;

export const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** What can be said of a stream besides its items. */
export interface Watchers {
  /** A comment, or a heartbeat's data. */
  onComment?: ((comment: string) => void) | undefined;
  /** The reconnection time that an SSE stream asks for. */
  onRetry?: ((ms: number) => void) | undefined;
  /** A record that is not JSON, or (with `skipOversized`) one beyond the limit. The stream goes on behind it. */
  onError?: ((error: TidewireError) => void) | undefined;
}

/** Whom a row is for that is no item, and what it says. */
export class Told {
  constructor(
    readonly whom: keyof Watchers | "onGap" | "onDone",
    readonly what: string | number | TidewireError,
  ) {}
}

/** Who listens, by the names of what they are told. */
export type Listeners = { [whom in Told["whom"]]?: ((what: Told["what"]) => void) | undefined };

/** Kinds of rows; `crates/wasm/src/table.rs` has the same list. */
const EVENT = 0;
const RECORD = 1;
const TEXT = 2;
/** Up to here they are items, behind it they are told. */
export const LAST_ITEM = TEXT;
const COMMENT = 3;
const RETRY = 4;
const DONE = 5;
const BAD_RECORD = 6;
const SKIPPED = 7;
const NAMED = 1 << 8;
const NEW_ID = 1 << 9;

/** Turns rows into what they say. Holds the last event id, which a row names only where it changes. */
export class Reader {
  #id = "";

  /** `limit` is that of the decoder, for the errors that name it. */
  constructor(readonly limit: number) {}

  /** What a table says, in its order; from its first row on, whose text begins at `at`. */
  read({ words, from, to, text }: Rows, at = 0): (Item | Told)[] {
    // Made in its length: an array that grows makes room for seventeen at its first, and most tables have one row.
    const queue = new Array<Item | Told>((to - from) >> 2);
    for (let row = from, place = 0; row < to; row += 4) {
      queue[place++] = this.row(words, row, at, text);
      at = words[row + 3];
    }
    return queue;
  }

  /** What a row says, whose text begins at `at`. */
  row(words: Uint32Array, row: number, at: number, text: string): Item | Told {
    const kind = words[row];
    const end = words[row + 3];
    if ((kind & 0xff) !== EVENT) {
      return this.#other(kind, words[row + 1] + words[row + 2] * 2 ** 32, text.slice(at, end));
    }
    const typeEnd = words[row + 1];
    const idEnd = words[row + 2];
    if (kind & NEW_ID) this.#id = text.slice(typeEnd, idEnd);
    return {
      type: kind & NAMED ? text.slice(at, typeEnd) : "message",
      data: text.slice(idEnd, end),
      id: this.#id,
    };
  }

  #other(kind: number, number: number, text: string): Item | Told {
    if (kind === RECORD) return { type: "record", index: number, value: JSON.parse(text) };
    if (kind === TEXT) return { type: "text", text };
    if (kind === COMMENT) return new Told("onComment", text);
    if (kind === RETRY) return new Told("onRetry", number);
    if (kind === DONE) return new Told("onDone", text);
    if (kind === BAD_RECORD) {
      const message = `not JSON at byte ${number}: ${text}`;
      return new Told("onError", new TidewireError("bad_record", message, { offset: number }));
    }
    if (kind === SKIPPED) {
      const { limit } = this;
      const message = `event exceeds the limit of ${limit} bytes at byte ${number}; raise the limit or skip oversized events`;
      return new Told("onError", new TidewireError("too_large", message, { offset: number, limit }));
    }
    return new Told("onGap", text);
  }
}
