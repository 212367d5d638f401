// Takes a compiled module apart, so that it packs well: what an instruction is followed by stands apart from the instructions, by its kind,
// for like things compress beside each other. unpack.wat puts it together again.

const CODE = 10;
const [OPS, LOCALS, FUNCTIONS, LABELS, OFFSETS, NUMBERS] = [0, 1, 2, 3, 4, 5];

/**
 * The six streams of a module; how many bytes stand before the code and behind it, how many functions there are; and the module as it comes
 * out again, where the sizes of functions have three bytes each.
 */
export function apart(bytes) {
  const streams = [[], [], [], [], [], []];
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  /** What `read` passes goes to a stream. */
  const to = (stream, read = number) => {
    const from = at;
    const value = read();
    streams[stream].push(...bytes.subarray(from, at));
    return value;
  };

  /** One instruction; by how much it changes the depth of blocks. */
  const instruction = () => {
    const op = to(OPS, () => bytes[at++]);
    if (op === 0x0b) return -1;
    if (op >= 0x02 && op <= 0x04) return to(OPS), 1;
    if (op >= 0x20 && op <= 0x22) to(LOCALS);
    else if (op === 0x10) to(FUNCTIONS);
    else if (op === 0x0c || op === 0x0d) to(LABELS);
    else if (op === 0x0e) for (let left = small(to(LABELS)); left >= 0; left--) to(LABELS);
    else if (op >= 0x28 && op <= 0x3e) to(OPS), to(OFFSETS);
    else if (op === 0x41) to(NUMBERS);
    else if (op === 0x23 || op === 0x24 || (op >= 0x3f && op <= 0x42)) to(OPS);
    else if (op === 0x11 || op === 0x43 || op === 0x44 || op > 0xcf) seldom(op);
    else if (op === 0x1c || op === 0x25 || op === 0x26) throw new Error(`an instruction that unpack.wat does not know: ${op}`);
    return 0;
  };
  const seldom = (op) => {
    const from = at;
    pass(op);
    streams[OPS].push(small(at - from), ...bytes.subarray(from, at));
  };
  const pass = (op) => {
    if (op === 0x11) return number(), number();
    if (op === 0x43 || op === 0x44) return (at += op === 0x43 ? 4 : 8);
    const kind = number();
    if (op === 0xfc) {
      // Of memory: copying and filling. The others convert numbers.
      at += { 10: 2, 11: 1 }[kind] ?? 0;
      if (kind > 7 && kind !== 10 && kind !== 11) throw new Error(`an instruction that unpack.wat does not know: ${op} ${kind}`);
    } else if (op === 0xfd) {
      if (kind <= 11 || (kind >= 84 && kind <= 93)) number(), number();
      if (kind === 12 || kind === 13) at += 16;
      if ((kind >= 21 && kind <= 34) || (kind >= 84 && kind <= 91)) at++;
    } else throw new Error(`an instruction that unpack.wat does not know: ${op}`);
  };

  while (bytes[at] !== CODE) {
    at++;
    const size = number();
    at += size;
  }
  const before = bytes.subarray(0, at++);
  const size = number();
  const end = at + size;
  const functions = number();
  const bodies = [];
  for (let left = functions; left > 0; left--) {
    const length = number();
    const from = at;
    for (let groups = small(to(OPS)); groups > 0; groups--) to(OPS), to(OPS, () => at++);
    for (let depth = 1; depth > 0; depth += instruction());
    if (at !== from + length || length >= 1 << 21) throw new Error("a function that unpack.wat would not put together");
    bodies.push((length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14, ...bytes.subarray(from, at));
  }
  if (at !== end) throw new Error("code that is no functions");
  const count = leb(functions);
  const head = [...before, CODE, ...leb(count.length + bodies.length), ...count];
  const tail = bytes.subarray(end);
  streams[OPS] = [...head, ...streams[OPS], ...tail];
  return { streams, head: head.length, functions, tail: tail.length, whole: Uint8Array.from([...head, ...bodies, ...tail]) };
}

function small(value) {
  if (value > 127) throw new Error(`${value} where unpack.wat reads one byte`);
  return value;
}

function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}
