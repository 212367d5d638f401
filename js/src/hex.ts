interface Native {
  Uint8Array: { fromHex?(text: string): Uint8Array<ArrayBuffer> };
  Buffer?: { from(text: string, encoding: "hex"): Uint8Array<ArrayBuffer> };
}

/** The bytes that are written in hexadecimal digits: natively where that is possible, since a loop takes longer than compiling them. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const { Uint8Array: Bytes, Buffer } = globalThis as unknown as Native;
  return Bytes.fromHex?.(text) ?? Buffer?.from(text, "hex") ?? Uint8Array.from(text.match(/../g) as string[], (byte) => parseInt(byte, 16));
}
