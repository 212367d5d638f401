// Writes the compiled core as a module: text of plain ASCII, which every bundler leaves alone and brotli packs nearly as well as the
// bytes themselves (base64 would break their alignment). The commonest bytes are one character each, the others two.
import { readFileSync, writeFileSync } from "node:fs";

const [, , from, to] = process.argv;
const bytes = readFileSync(from);
const counts = new Array(256).fill(0);
for (const byte of bytes) counts[byte]++;
const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
const plain = [];
for (let code = 32; code < 127; code++) if (!'"$\\`'.includes(String.fromCharCode(code))) plain.push(String.fromCharCode(code));
const n = plain.length;
const singles = n - 2;
const words = new Array(256);
order.forEach((byte, place) => {
  const beyond = place - singles;
  words[byte] = beyond < 0 ? plain[place] : plain[singles + Math.floor(beyond / n)] + plain[beyond % n];
});
const text = Array.from(bytes, (byte) => words[byte]).join("");
const table = Buffer.from(order).toString("hex");
writeFileSync(
  to,
  `// Made by \`cargo xtask npm\`: the compiled core. js/scripts/inline.mjs says how it is written.
const ORDER = "${table}";
const TEXT = "${text}";

/** The compiled core. It runs once, before anything has compiled it: so it looks up in two tables, and calls next to nothing. */
export function CORE(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(${bytes.length});
  const order = Uint8Array.from({ length: 256 }, (_, at) => Number.parseInt(ORDER.slice(2 * at, 2 * at + 2), 16));
  const places = new Uint8Array(127);
  // Without the four characters that are left out: " $ \\ and the grave accent.
  for (let code = 32, next = 0; code < 127; code++) if (code !== 34 && code !== 36 && code !== 92 && code !== 96) places[code] = next++;
  for (let at = 0, to = 0; to < ${bytes.length}; to++) {
    let found = places[TEXT.charCodeAt(at++)];
    if (found > ${singles - 1}) found = ${singles} + (found - ${singles}) * ${n} + places[TEXT.charCodeAt(at++)];
    bytes[to] = order[found];
  }
  return bytes;
}
`,
);
