/** What the compiled core exports: functions of numbers (`crates/wasm`). The first argument is the object that they are methods of. */
export interface Exports {
  memory: { readonly buffer: ArrayBuffer };
  machine_new(wide: number): number;
  machine_header(machine: number): number;
  machine_reserve(machine: number, length: number): number;
  machine_set(machine: number, key: number, value: number): number;
  machine_set_text(machine: number, key: number, length: number): number;
  machine_decode(machine: number, length: number, last: number): number;
  machine_measure(machine: number, is_broken: number): void;
  machine_handle(machine: number, now: number, chance: number, what: number, given: number): void;
  machine_head(
    machine: number,
    now: number,
    chance: number,
    status: number,
    typeEnd: number,
    retryEnd: number,
    retryMsEnd: number,
    relayed: number,
    clock: number,
  ): void;
  machine_received(machine: number, now: number, chance: number, length: number): number;
  machine_advance(machine: number, now: number, chance: number): number;
  /** Of the core that knows the dialects alone. */
  machine_feed(machine: number, length: number, last: number): number;
  machine_deadline(machine: number): number;
  machine_fact(machine: number, what: number): number;
  machine_facts(machine: number, now: number): number;
  __wbg_machine_free(machine: number, unused: 0): void;
}

/** The options by their numbers; `crates/wasm/src/setup.rs` has the same list. */
export const KEYS = {
  format: 0,
  endOn: 1,
  failOn: 2,
  heartbeatOn: 3,
  lastEventId: 4,
  cursor: 5,
  maxEventBytes: 6,
  skipOversized: 7,
  deliverUnterminated: 8,
  done: 9,
  sniff: 10,
  follow: 11,
  idempotent: 12,
  repeatable: 13,
  resume: 14,
  retryAttempts: 15,
  retryDelay: 16,
  timeout: 17,
  firstEventTimeout: 18,
  idleTimeout: 19,
  progressTimeout: 20,
  stallAfter: 21,
  dialect: 22,
  request: 23,
  dedupe: 24,
  refresh: 25,
} as const;

export type Key = keyof typeof KEYS;

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
export type Source = (grown: () => void) => Exports;

/** Words of a row, and which of them are the offsets of its text. */
export const ROW = 5;
export const START = 3;
export const END = 4;

/** What a window holds: ASCII; what was meant to be UTF-8; UTF-16; UTF-8 without rows. */
const ASCII = 0;
const UTF8 = 1;
const UTF16 = 2;

/** A table in the core's memory, to be read before the core is called again; `crates/wasm/src/table.rs` says what is in it. */
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
  #buffer: NodeBuffer | undefined;

  constructor(source: Source) {
    this.exports = source(() => this.#look());
    this.#look();
  }

  /** Whether tables had better come as UTF-16 where they are not all ASCII; then they are read so. */
  get isWide(): boolean {
    return this.#buffer !== undefined;
  }

  /** Writes bytes into the core's memory. */
  write(address: number, chunk: Uint8Array): void {
    if (this.#bytes.length === 0) this.#look();
    this.#bytes.set(chunk, address);
  }

  /** Numbers at an address. */
  numbers(address: number, count: number): Float64Array {
    return new Float64Array(this.exports.memory.buffer.slice(address >>> 0, (address >>> 0) + 8 * count));
  }

  /** What the words of a table are seen in, once more: it has no length any more where memory has grown. */
  get words(): Int32Array {
    if (this.#bytes.length === 0) this.#look();
    return this.#words;
  }

  /** The table of a machine. */
  rows(machine: number, header: number): Rows {
    const text = this.text(machine, header);
    const words = this.#words;
    const from = words[header >>> 2] >>> 2;
    return { words, from, to: from + words[(header >>> 2) + 1], text };
  }

  /** The window of a table. */
  text(machine: number, header: number): string {
    if (this.#bytes.length === 0) this.#look();
    const at = header >>> 2;
    const words = this.#words;
    if (words[at + 4] !== UTF8) return this.#read(at);
    try {
      const text = this.#read(at);
      if (text.length < words[at + 3]) this.exports.machine_measure(machine, 0);
      return text;
    } catch {
      this.exports.machine_measure(machine, 1);
      if (this.#bytes.length === 0) this.#look();
      return this.#read(at);
    }
  }

  /** The memory, once more: it moved when it grew, and what was seen of it has no length any more. */
  #look(): void {
    const memory = this.exports.memory.buffer;
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    const slices = fromMemory?.(memory);
    this.#buffer = slices?.latin1Slice && slices.ucs2Slice ? (slices as NodeBuffer) : undefined;
  }

  #read(at: number): string {
    const words = this.#words;
    const address = words[at + 2] >>> 0;
    const length = words[at + 3];
    if (length === 0) return "";
    const form = words[at + 4];
    if (form === ASCII && length <= SHORT) {
      // A token, which is not worth a call out of JavaScript.
      let text = "";
      for (let at = 0; at < length; at++) text += String.fromCharCode(this.#bytes[address + at]);
      return text;
    }
    const buffer = this.#buffer;
    if (buffer !== undefined) {
      if (form === ASCII) return buffer.latin1Slice(address, address + length);
      if (form === UTF16) return buffer.ucs2Slice(address, address + length);
    }
    const bytes = this.#bytes.subarray(address, address + length);
    return length <= PIECE ? decoder.decode(bytes) : pieceByPiece(bytes);
  }
}

/** In Chromium this takes half the time of decoding a large text at once (`npm run bench -- linear`). */
function pieceByPiece(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) text += decoder.decode(bytes.subarray(at, at + PIECE), { stream: true });
  return text + decoder.decode();
}

const cores = /* @__PURE__ */ new Map<Source, Core>();

let source: Source;

/** Says where cores come from; each entry of the package has its own way. What was made keeps the one that it has. */
export function provide(from: Source): void {
  source = from;
}

/** The core, made on first use. */
export function core(): Core {
  let made = cores.get(source);
  if (made === undefined) cores.set(source, (made = new Core(source)));
  return made;
}

export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
