import { AT_FORM, AT_INBOX, AT_LENGTH, AT_ROOM, AT_ROWS, AT_WINDOW, AT_WORDS, FORM_ASCII, FORM_UTF16, FORM_UTF8 } from "./generated/abi.js";

/**
 * What the compiled core exports: functions of numbers (`crates/wasm`). The first argument is the address of a machine, where its header is.
 * A core has those that its features need.
 */
export interface Exports {
  memory: { readonly buffer: ArrayBuffer };
  machine_new(wide: number): number;
  machine_reserve(machine: number, length: number): void;
  machine_last_id(machine: number, length: number): void;
  machine_decode(machine: number, length: number, last: number): number;
  machine_measure(machine: number, is_broken: number): void;
  machine_free(machine: number): void;
  machine_marker(machine: number, role: number, length: number): number;
  machine_tell(machine: number, now: number, chance: number, what: number, given: number): void;
  machine_head(machine: number, now: number, chance: number, status: number, format: number, retryAfter: number, relayed: number): void;
  machine_received(machine: number, now: number, chance: number, length: number): number;
  machine_advance(machine: number, now: number, chance: number): number;
  machine_due(machine: number): number;
  machine_silence(machine: number, now: number): number;
  machine_text(machine: number, which: number): number;
  machine_path(machine: number, length: number): void;
  machine_dialect?(machine: number, length: number): number;
  machine_request(machine: number, length: number): number;
}

/** A large chunk goes in by pieces, so that the core's memory stays small and in the processor's caches. */
export const PIECE = 65536;

/** Node decodes several times as fast this way as with a TextDecoder: ASCII as Latin-1, all else as UTF-16. */
interface NodeBuffer {
  latin1Slice(from: number, to: number): string;
  ucs2Slice(from: number, to: number): string;
}
const fromMemory = (
  globalThis as { Buffer?: { from(memory: ArrayBuffer): Partial<NodeBuffer> } }
).Buffer?.from;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

/** Texts of so many characters are made here, where they are ASCII; longer ones would be put together of parts. */
const SHORT = 12;

/** Makes what a core exports. `grown` has to be called where its memory moves and the old one keeps its length. */
export interface Source {
  (grown: () => void): Exports;
  /** Fetches the core that also knows the JSON formats, if this one does not. */
  more?: () => Promise<Source>;
}

/** An instance whose memory has grown to more bytes is held weakly from then on: memory of WebAssembly never shrinks. */
const LARGE = 1024 * 1024;

/** A table in the core's memory, to be read before the core is called again; `crates/page/src/abi.rs` says what is in it. */
export interface Rows {
  words: Int32Array;
  /** The first word of the first row, and the one behind the last. */
  from: number;
  to: number;
  text: string;
}

/** What a core exports, and its memory as it is seen from here. */
export class Core {
  readonly exports: Exports;
  #bytes = new Uint8Array(0);
  #words = new Int32Array(0);
  #floats = new Float64Array(0);
  #buffer: NodeBuffer | undefined;

  constructor(readonly source: Source) {
    this.exports = source(() => this.#look());
    this.#look();
  }

  /** Whether tables had better come as UTF-16 where they are not all ASCII; then they are read so. */
  get isWide(): boolean {
    return this.#buffer !== undefined;
  }

  /** Frees a machine. */
  free(machine: number): void {
    this.exports.machine_free(machine);
    if (this.exports.memory.buffer.byteLength > LARGE && cores.get(this.source)?.deref() === this) {
      // It is used again only if a machine is made before the next collection. Where there are no weak references, it is dropped at once.
      cores.set(this.source, typeof WeakRef === "function" ? new WeakRef(this) : { deref: () => undefined });
    }
  }

  /** A new machine. */
  make(): number {
    return this.exports.machine_new(Number(this.isWide)) >>> 0;
  }

  /** The memory as bytes, words and floats, once more: what was seen of it has no length any more where it has grown. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#look();
    return this.#bytes;
  }
  get words(): Int32Array {
    if (this.#bytes.length === 0) this.#look();
    return this.#words;
  }
  get floats(): Float64Array {
    if (this.#bytes.length === 0) this.#look();
    return this.#floats;
  }

  /** A word of a machine's header. */
  word(machine: number, at: number): number {
    return this.words[(machine >>> 2) + at];
  }

  /** Puts bytes or a text where the machine looks for them, and says how many bytes there are. */
  put(machine: number, given: Uint8Array | string): number {
    const bytes = typeof given === "string" ? encode(given) : given;
    const { length } = bytes;
    if (length > this.word(machine, AT_ROOM)) this.exports.machine_reserve(machine, length);
    this.bytes.set(bytes, this.word(machine, AT_INBOX) >>> 0);
    return length;
  }

  /** The table of a machine. */
  rows(machine: number): Rows {
    const text = this.text(machine);
    const words = this.words;
    const at = machine >>> 2;
    const from = words[at + AT_ROWS] >>> 2;
    return { words, from, to: from + words[at + AT_WORDS], text };
  }

  /** The window of a table, or a text without rows. */
  text(machine: number): string {
    const at = machine >>> 2;
    const words = this.words;
    if (words[at + AT_FORM] !== FORM_UTF8) return this.#read(at);
    try {
      const text = this.#read(at);
      if (text.length < words[at + AT_LENGTH]) this.exports.machine_measure(machine, 0);
      return text;
    } catch {
      this.exports.machine_measure(machine, 1);
      return this.#read(at);
    }
  }

  /** A text in UTF-8, where broken parts read as U+FFFD. */
  textAt(address: number, length: number): string {
    return lenient(this.bytes.subarray(address >>> 0, (address >>> 0) + length));
  }

  #look(): void {
    const memory = this.exports.memory.buffer;
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#floats = new Float64Array(memory);
    const slices = fromMemory?.(memory);
    this.#buffer = slices?.latin1Slice && slices.ucs2Slice ? (slices as NodeBuffer) : undefined;
  }

  #read(at: number): string {
    const words = this.words;
    const address = words[at + AT_WINDOW] >>> 0;
    const length = words[at + AT_LENGTH];
    if (length === 0) return "";
    const form = words[at + AT_FORM];
    if (form === FORM_ASCII && length <= SHORT) {
      // A token, which is not worth a call out of JavaScript.
      let text = "";
      for (let at = 0; at < length; at++) text += String.fromCharCode(this.#bytes[address + at]);
      return text;
    }
    const buffer = this.#buffer;
    if (buffer !== undefined) {
      if (form === FORM_ASCII) return buffer.latin1Slice(address, address + length);
      if (form === FORM_UTF16) return buffer.ucs2Slice(address, address + length);
    }
    const bytes = this.#bytes.subarray(address, address + length);
    if (form === FORM_UTF16) return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(bytes);
    return form === FORM_UTF8 || form === FORM_ASCII ? strict(bytes) : lenient(bytes);
  }
}

/** A text in which U+FFFD stands for what is broken. */
export function lenient(bytes: Uint8Array): string {
  return bytes.length === 0 ? "" : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** In Chromium, a large text by pieces takes half the time of decoding it at once (`npm run bench -- linear`). */
function strict(bytes: Uint8Array): string {
  if (bytes.length <= PIECE) return decoder.decode(bytes);
  const parts = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) text += parts.decode(bytes.subarray(at, at + PIECE), { stream: true });
  return text + parts.decode();
}

const cores = /* @__PURE__ */ new Map<Source, { deref(): Core | undefined }>();

let source: Source;

/** Says where cores come from; each entry of the package has its own way. What was made keeps the one that it has. */
export function provide(from: Source): void {
  source = from;
}

/** The core, made on first use. */
export function core(from = source): Core {
  const found = cores.get(from)?.deref();
  if (found !== undefined) return found;
  const made = new Core(from);
  cores.set(from, { deref: () => made });
  return made;
}

export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
