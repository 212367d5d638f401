/** What the compiled core exports: functions of numbers (`crates/wasm`). The first argument is the object that they are methods of. */
export interface Exports {
  memory: { readonly buffer: ArrayBuffer };
  machine_new(wide: number): number;
  machine_header(machine: number): number;
  machine_reserve(machine: number, length: number): number;
  machine_set(machine: number, key: number, value: number): number;
  machine_set_text(machine: number, key: number, length: number): number;
  machine_decode(machine: number, length: number, last: number): number;
  machine_handle(machine: number, now: number, chance: number, what: number, length: number): void;
  machine_head(machine: number, now: number, chance: number, status: number, type: number, retry: number, clock: number): void;
  machine_advance(machine: number, now: number, chance: number): number;
  /** Of the core that knows the dialects alone. */
  machine_feed(machine: number, length: number, last: number): number;
  machine_deadline(machine: number): number;
  machine_tell(machine: number, what: number): number;
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

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Makes what a core exports. `grown` has to be called where its memory moves and the old one keeps its length. */
export type Source = (grown: () => void) => Exports;

/** A table in the core's memory, to be read before the core is called again; `crates/wasm/src/table.rs` says what is in it. */
export interface Rows {
  words: Uint32Array;
  /** The first word of the first row, and the one behind the last. */
  from: number;
  to: number;
  text: string;
}

/** What a core exports, and its memory as it is seen from here. */
export class Core {
  readonly exports: Exports;
  #bytes = new Uint8Array(0);
  #words = new Uint32Array(0);
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

  rows(header: number): Rows {
    if (this.#bytes.length === 0) this.#look();
    const words = this.#words;
    const at = header >>> 2;
    const from = words[at] >>> 2;
    const count = words[at + 1];
    return { words, from, to: from + 4 * count, text: count === 0 ? "" : this.#read(at) };
  }

  /** The window of a table alone. */
  text(header: number): string {
    if (this.#bytes.length === 0) this.#look();
    return this.#read(header >>> 2);
  }

  /** The memory, once more: it moved when it grew, and what was seen of it has no length any more. */
  #look(): void {
    const memory = this.exports.memory.buffer;
    this.#bytes = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    const slices = fromMemory?.(memory);
    this.#buffer = slices?.latin1Slice && slices.ucs2Slice ? (slices as NodeBuffer) : undefined;
  }

  #read(at: number): string {
    const words = this.#words;
    const address = words[at + 2];
    const length = words[at + 3];
    if (length === 0) return "";
    const buffer = this.#buffer;
    if (buffer !== undefined) {
      if (words[at + 5] !== 0) return buffer.ucs2Slice(address, address + length);
      // As many code units as bytes: nothing but ASCII.
      if (length === words[at + 4]) return buffer.latin1Slice(address, address + length);
    }
    return decoder.decode(this.#bytes.subarray(address, address + length));
  }
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
