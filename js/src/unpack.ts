/** What unpack.wat has. */
interface Unpack {
  memory: WebAssembly.Memory;
  unpack(end: number): number;
}

/**
 * The bytes that a text stands for, by unpack.wat compiled. It happens once, so JavaScript would be interpreted: some 100 ns for each of
 * them. This module of a hundred bytes takes 2 (`npm run bench -- first`).
 */
export function unpacked(module: Uint8Array<ArrayBuffer>, text: string): Uint8Array<ArrayBuffer> {
  const { memory, unpack } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as Unpack;
  const bytes = new Uint8Array(memory.buffer as ArrayBuffer);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, unpack(written));
}
