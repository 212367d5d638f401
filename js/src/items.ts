import type { Rows } from "./core.js";
import { TidewireError, usage } from "./error.js";
import { COMMENT, END, EVENT, ID, NAME, RETRY, ROW, START, TEXT, UNKNOWN } from "./generated/abi.js";

/** An event of an SSE stream. */
export interface SseEvent {
  /** The event's name; `message` if the stream gives none. */
  type: string;
  /** Its data, with its lines joined by line feeds. */
  data: string;
  /** The last event id in effect; empty if none was set. */
  id: string;
}

/** One value of a stream of JSON values. */
export interface JsonRecord<Value = unknown> {
  type: "record";
  /** Its place in the body, counted from 0. */
  index: number;
  value: Value;
}

/** A piece of a text stream; it never ends inside a character. */
export interface TextPiece {
  type: "text";
  text: string;
}

/** What a stream yields; its format says which of them. */
export type Item = SseEvent | JsonRecord | TextPiece;

export const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** What a stream says besides its items. */
export interface Watchers {
  /** A comment, or a heartbeat's data. */
  onComment?: ((comment: string) => void) | undefined;
  /** The reconnection time that an SSE stream asks for. */
  onRetry?: ((ms: number) => void) | undefined;
  /**
   * A record that is not JSON or, with `skipOversized`, one beyond the limit. Decoding continues after it. Without this hook a bad record is
   * thrown.
   */
  onError?: ((error: TidewireError) => void) | undefined;
}

/** What a row says that is not an item, and the hook that it is for. */
export class Notice {
  constructor(
    readonly hook: keyof Watchers | "onGap" | "onReplayed",
    readonly value: string | number | TidewireError,
  ) {}
}

/** The hooks, by their names. */
export type Hooks = { [hook in Notice["hook"]]?: ((value: Notice["value"]) => void) | undefined };

/** Calls the hook of a notice. Returns the error of a missing record that nobody would know of otherwise. */
export function emit({ hook, value }: Notice, options: Watchers & { skipOversized?: boolean | undefined }): TidewireError | undefined {
  (options as Hooks)[hook]?.(value);
  const isUnheard = value instanceof TidewireError && !options.onError;
  return isUnheard && !(options.skipOversized && value.code === "too_large") ? value : undefined;
}

const MESSAGE = "message";

/** The error for a format that this core does not know. */
export function unknownFormat(format: string): TidewireError {
  return usage(`format: ${format} needs createParser of "tidewire/full"`);
}

/** Turns the rows of events and text into items and notices. Holds the type and the last event id, which have rows only when they change. */
export class Reader {
  #id = "";
  #type = MESSAGE;

  /** `limit` is the decoder's, for the errors that name it. */
  constructor(readonly limit: number) {}

  /** What a table says, in its order. */
  read({ words, from, to, text }: Rows): (Item | Notice)[] {
    const queue: (Item | Notice)[] = [];
    for (let row = from; row < to; row += ROW) {
      const next = this.row(words, row, text);
      if (next !== undefined) queue.push(next);
    }
    return queue;
  }

  /** What a row says. */
  row(words: Int32Array, row: number, window: string): Item | Notice | undefined {
    const kind = words[row];
    const text = window.slice(words[row + START], words[row + END]);
    if (kind === EVENT) return this.event(text);
    if (kind === NAME) this.#type = text || MESSAGE;
    else if (kind === ID) this.#id = text;
    else return this.other(kind, (words[row + 1] >>> 0) + (words[row + 2] >>> 0) * 2 ** 32, text);
    return undefined;
  }

  /** The event of these data. */
  event(data: string): SseEvent {
    return { type: this.#type, data, id: this.#id };
  }

  /** What a row says that is no part of an event. */
  protected other(kind: number, number: number, text: string): Item | Notice {
    if (kind === TEXT) return { type: "text", text };
    if (kind === COMMENT) return new Notice("onComment", text);
    if (kind === RETRY) return new Notice("onRetry", number);
    if (kind === UNKNOWN) return new Notice("onError", unknownFormat("JSON, as the body's first byte says,"));
    const { limit } = this;
    return new Notice("onError", new TidewireError("too_large", tooLarge(limit, number), { offset: number, limit }));
  }
}

export function tooLarge(limit: number, offset: number): string {
  return `event exceeds the limit of ${limit} bytes at byte ${offset}; raise the limit or skip oversized events`;
}
