import { PIECE, encode } from "./core.js";
import { TidewireError } from "./error.js";
import type { Chunk } from "./exchange.js";

const HIGH_SURROGATE = /[\ud800-\udbff]/;
/** The replacement character at the end may stand for the first bytes of a character whose others are still to come. */
const UNFINISHED = /[\ud800-\udbff\ufffd]/;
/** As many bytes may be missing because the host took a byte order mark away. */
const BOM_BYTES = 3;

/** A text that grows, read piece by piece as the UTF-8 that it was decoded from. At its limit in bytes it breaks. */
export class GrowingText {
  #text = "";
  /** Up to where it was read, and up to where it can be. */
  #at = 0;
  #ready = 0;
  /** How many bytes were read, and how many there must be; 0 if that is not known. */
  #bytes = 0;
  #wanted = 0;
  #end: { error?: unknown } | undefined;
  #wake = (): void => {};

  /** `onFull` is called at the limit. */
  constructor(
    readonly limit: number,
    readonly onFull: () => void,
  ) {}

  get length(): number {
    return this.#text.length;
  }

  /** The whole text so far. */
  grew(text: string): void {
    // A host that reports an error has no text any more.
    if (this.#end || text.length <= this.#text.length) return;
    this.#text = text;
    this.#ready = text.length - (UNFINISHED.test(text.slice(-1)) ? 1 : 0);
    // However slowly it is read: each character is at least one byte.
    if (text.length > this.limit) this.#overflow();
    this.#wake();
  }

  /** The body ended cleanly with this text, and was to have so many bytes. */
  ended(text: string, wanted: number): void {
    this.grew(text);
    if (this.#end) return;
    this.#ready = this.#text.length;
    this.#wanted = wanted;
    this.#end = {};
    this.#wake();
  }

  broke(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** Waits for more; to be called again after it has resolved. */
  async read(): Promise<Chunk> {
    while (this.#at === this.#ready && !this.#end) await new Promise<void>((wake) => (this.#wake = wake));
    if (this.#at < this.#ready) {
      const left = this.limit - this.#bytes;
      const value = encode(this.#piece());
      this.#bytes += value.length;
      if (value.length <= left) return { value };
      this.#overflow();
      this.#ready = this.#at;
      if (left > 0) return { value: value.subarray(0, left) };
    }
    this.#text = "";
    const short = this.#wanted - this.#bytes;
    if (this.#end?.error !== undefined) throw this.#end.error;
    if (short > 0 && short !== BOM_BYTES) throw new TypeError(`the connection broke: ${short} bytes of the Content-Length are missing`);
    return { done: true };
  }

  /** The next part of the text, in which no character is cut. */
  #piece(): string {
    const from = this.#at;
    let to = Math.min(from + PIECE, this.#ready);
    if (to < this.#ready && HIGH_SURROGATE.test(this.#text[to - 1] as string)) to--;
    this.#at = to;
    return this.#text.slice(from, to);
  }

  #overflow(): void {
    const { limit } = this;
    const words = `XMLHttpRequest keeps all text of a request, so none brings more than ${limit} bytes`;
    this.#end = { error: new TidewireError("unreadable", words, { limit }) };
    this.onFull();
  }
}
