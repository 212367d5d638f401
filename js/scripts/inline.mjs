// Writes the compiled core as a module: text of plain ASCII, which every bundler leaves alone and brotli packs nearly as well as the
// bytes themselves (base64 would break their alignment). The alphabet begins at "#" and leaves out the backslash. A byte below 72 is the
// character at that place; another one is two: of the rest above 72 the upper bits, counted on from place 72, and the lower six.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const [, , from, to] = process.argv;
const PLAIN = 72;
const letter = (place) => String.fromCharCode(place + 35 + (place > 56));
const written = (byte) => (byte < PLAIN ? letter(byte) : letter(PLAIN + ((byte - PLAIN) >> 6)) + letter((byte - PLAIN) & 63));
const text = Array.from(readFileSync(from), written).join("");

const unpack = binaryen.parseText(readFileSync(new URL("../src/unpack.wat", import.meta.url), "utf8"));
binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(2);
unpack.optimize();
writeFileSync(
  to,
  `// Made by \`cargo xtask npm\`: the compiled core. js/scripts/inline.mjs says how it is written.
import { unpacked } from "../unpack.js";

const TEXT = "${text}";

/** The compiled core. */
export const CORE = (): Uint8Array<ArrayBuffer> => unpacked(Uint8Array.of(${unpack.emitBinary()}), TEXT);
`,
);
