// Writes the compiled core as a module of JavaScript: taken apart by pack.mjs, and as text of plain ASCII, which every bundler leaves alone
// and brotli packs nearly as well as the bytes themselves (base64 would break their alignment). The commonest bytes are one character
// each, the others two.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";
import { apart } from "./pack.mjs";

const PAGE = 65536;
/** In the unpacker's memory, behind where its streams go on. */
const TEXT_AT = 64;

const [, , from, to] = process.argv;
const { streams, head, functions, tail, whole } = apart(readFileSync(from));
const texts = streams.map(text);
const joined = texts.join("");
const out = PAGE * Math.ceil((TEXT_AT + joined.length) / PAGE);
const unpacker = assembled({
  PAGES: Math.ceil((out + whole.length) / PAGE),
  STARTS: starts(),
  OUT: out,
  HEAD: head,
  FUNCTIONS: functions,
  TAIL: tail,
});
const module = `const UNPACKER = "${Buffer.from(unpacker).toString("base64")}";
const TEXT = "${joined}";

/** The compiled core. */
export function CORE() {
  const unpacker = new WebAssembly.Module(Uint8Array.from(atob(UNPACKER), (character) => character.charCodeAt(0)));
  const { memory, unpack } = new WebAssembly.Instance(unpacker).exports;
  new TextEncoder().encodeInto(TEXT, new Uint8Array(memory.buffer, ${TEXT_AT}));
  return new Uint8Array(memory.buffer, ${out}, unpack());
}
`;
const { CORE } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
if (Buffer.compare(CORE(), whole) !== 0) throw new Error(`${from} does not come out as it went in`);
const typed = module
  .replace("CORE()", "CORE(): Uint8Array<ArrayBuffer>")
  .replace(".exports;", ".exports as unknown as { memory: { buffer: ArrayBuffer }; unpack(): number };");
writeFileSync(to, `// Made by \`cargo xtask npm\`: the compiled core. js/scripts/inline.mjs says how it is written.\n${typed}`);

/** Bytes in plain characters, which are all but " $ \ and the grave accent: 89 for a byte each, and two that begin a pair. */
function text(bytes) {
  const plain = Array.from({ length: 95 }, (_, place) => String.fromCharCode(32 + place)).filter((character) => !'"$\\`'.includes(character));
  // The common bytes lie in two runs, up to 0x47 and from 0x6a to 0x7a.
  const place = (byte) => (byte < 0x48 || byte > 0x7a ? byte : byte < 0x6a ? byte + 17 : byte - 34);
  const word = (place) => (place < 89 ? plain[place] : plain[89 + Math.floor((place - 89) / 91)] + plain[(place - 89) % 91]);
  return bytes.map((byte) => word(place(byte))).join("");
}

/** Where each stream begins, as six words of 32 bits. */
function starts() {
  let at = TEXT_AT;
  const words = texts.map(({ length }) => (at += length) - length);
  return Array.from(new Uint8Array(Uint32Array.from(words).buffer), (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}

/** The unpacker, with its numbers filled in. */
function assembled(numbers) {
  let text = readFileSync(new URL("unpack.wat", import.meta.url), "utf8");
  for (const [name, value] of Object.entries(numbers)) text = text.replaceAll(new RegExp(`\\b${name}\\b(?=[")])`, "g"), String(value).replaceAll("$", "$$$$"));
  const module = binaryen.parseText(text);
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  module.optimize();
  return module.emitBinary();
}
