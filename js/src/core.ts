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

let wasm: Exports | undefined;
let bytes = new Uint8Array(0);
let words = new Uint32Array(0);
let buffer: NodeBuffer | undefined;

/** Makes the core. `grown` has to be called where its memory moves and the old one keeps its length. */
export type Source = (grown: () => void) => Exports;

let source: Source;

/** Says where the core comes from; each entry of the package has its own way. Nothing changes once it is there. */
export function provide(from: Source): void {
  source = from;
}

/** The core, made on first use. */
export function core(): Exports {
  return (wasm ??= source(look));
}

/** The core's memory, once more: it moved when it grew, and what was seen of it has no length any more. */
function look(): void {
  const memory = core().memory.buffer;
  bytes = new Uint8Array(memory);
  words = new Uint32Array(memory);
  const slices = fromMemory?.(memory);
  buffer = slices?.latin1Slice && slices.ucs2Slice ? (slices as NodeBuffer) : undefined;
}

/** Whether tables had better come as UTF-16 where they are not all ASCII; then they are read so. */
export function isWide(): boolean {
  if (bytes.length === 0) look();
  return buffer !== undefined;
}

/** Writes bytes into the core's memory. */
export function write(address: number, chunk: Uint8Array): void {
  if (bytes.length === 0) look();
  bytes.set(chunk, address);
}

/** Numbers at an address. */
export function numbers(address: number, count: number): Float64Array {
  return new Float64Array(core().memory.buffer.slice(address >>> 0, (address >>> 0) + 8 * count));
}

export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A table in the core's memory, to be read before the core is called again; `crates/wasm/src/table.rs` says what is in it. */
export interface Rows {
  words: Uint32Array;
  /** The first word of the first row, and the one behind the last. */
  from: number;
  to: number;
  text: string;
}

export function rows(header: number): Rows {
  if (bytes.length === 0) look();
  const at = header >>> 2;
  const from = words[at] >>> 2;
  const count = words[at + 1];
  const text = count === 0 ? "" : read(words[at + 2], words[at + 3], words[at + 4], words[at + 5]);
  return { words, from, to: from + 4 * count, text };
}

/** The window of a table alone. */
export function text(header: number): string {
  if (bytes.length === 0) look();
  const at = header >>> 2;
  return read(words[at + 2], words[at + 3], words[at + 4], words[at + 5]);
}

function read(address: number, length: number, units: number, wide: number): string {
  if (length === 0) return "";
  if (buffer !== undefined) {
    if (wide !== 0) return buffer.ucs2Slice(address, address + length);
    // As many code units as bytes: nothing but ASCII.
    if (length === units) return buffer.latin1Slice(address, address + length);
  }
  return decoder.decode(bytes.subarray(address, address + length));
}
