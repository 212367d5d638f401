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

/** What can be said of a stream besides its items. */
export interface Watchers {
  /** A comment, or a heartbeat's data. */
  onComment?: ((comment: string) => void) | undefined;
  /** The reconnection time that an SSE stream asks for. */
  onRetry?: ((ms: number) => void) | undefined;
  /** A record that is not JSON, or (with `skipOversized`) one beyond the limit. The stream goes on behind it. */
  onError?: ((error: TidewireError) => void) | undefined;
}

/** One row, ready to be handed out. */
export type Told =
  | { kind: "item"; item: Item }
  | { kind: "comment"; comment: string }
  | { kind: "retry"; ms: number }
  | { kind: "error"; error: TidewireError }
  | { kind: "gap"; after: string }
  | { kind: "done" };

/** Kinds of rows; `crates/wasm/src/table.rs` has the same list. */
const EVENT = 0;
const RECORD = 1;
const TEXT = 2;
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

  /** Appends the items of a table to `items`; what else there is goes to `other`, in its order. */
  read({ rows, text }: Rows, items: Item[], other: (told: Told) => void): void {
    let at = 0;
    for (let row = 0; row < rows.length; row += 4) {
      const kind = rows[row];
      const end = rows[row + 3];
      if ((kind & 0xff) === EVENT) {
        const typeEnd = rows[row + 1];
        const idEnd = rows[row + 2];
        if (kind & NEW_ID) this.#id = text.slice(typeEnd, idEnd);
        items.push({
          type: kind & NAMED ? text.slice(at, typeEnd) : "message",
          data: text.slice(idEnd, end),
          id: this.#id,
        });
      } else {
        this.#other(kind, rows[row + 1] + rows[row + 2] * 2 ** 32, text.slice(at, end), items, other);
      }
      at = end;
    }
  }

  #other(kind: number, number: number, text: string, items: Item[], other: (told: Told) => void): void {
    if (kind === RECORD) {
      items.push({ type: "record", index: number, value: JSON.parse(text) });
    } else if (kind === TEXT) {
      items.push({ type: "text", text });
    } else if (kind === COMMENT) {
      other({ kind: "comment", comment: text });
    } else if (kind === RETRY) {
      other({ kind: "retry", ms: number });
    } else if (kind === DONE) {
      other({ kind: "done" });
    } else if (kind === BAD_RECORD) {
      const message = `not JSON at byte ${number}: ${text}`;
      other({ kind: "error", error: new TidewireError("bad_record", message, { offset: number }) });
    } else if (kind === SKIPPED) {
      const fields = { offset: number, limit: this.limit };
      other({ kind: "error", error: new TidewireError("too_large", text, fields) });
    } else {
      other({ kind: "gap", after: text });
    }
  }
}
