// What an import weighs in a page: bundled by esbuild with splitting, minified, brotli. What a page loads first counts: the entry and what it
// imports statically. Chunks that are fetched on demand are shown beside it. Above its budget it fails.
import { bundled, packed } from "./bundle.mjs";
import { partsOf } from "./parts.mjs";

/**
 * `budget` is what it weighs today and must not outgrow; `goal` is where it is to come. Some 60 bytes are chance: which names esbuild's minifier
 * gives depends on all files of a bundle, on those that are fetched on demand too. `parts` says whether its table is printed.
 */
const IMPORTS = [
  { what: 'import { stream } from "tidewire"', code: 'export { stream } from "./dist/index.js"', budget: 20_270, goal: 13_500, parts: true },
  { what: 'import { EventSource } from "tidewire/eventsource"', code: 'export { EventSource } from "./dist/eventsource.js"', budget: 9_480, goal: 9_000, parts: true },
  { what: 'import { createParser } from "tidewire"', code: 'export { createParser } from "./dist/index.js"', budget: 7_560, goal: 7_200 },
  { what: 'import { stream } from "tidewire/full"', code: 'export { stream } from "./dist/full.js"', budget: 27_250, goal: 17_000 },
  { what: 'import { deltas } from "tidewire/llm"', code: 'export { deltas } from "./dist/llm.js"', budget: 71_000, goal: 44_000, parts: true },
  { what: 'import { stream } from "tidewire/slim", without its core', code: 'export { stream, init } from "./dist/slim.js"', budget: 9_830, goal: 6_300 },
  { what: 'import { xhr } from "tidewire/xhr"', code: 'export { xhr } from "./dist/xhr.js"', budget: 2_090 },
];

/** How wide the column of names is. */
const NAME = 74;

let failed = false;
for (const { what, code, budget, goal } of IMPORTS) {
  const { first, later } = await bundled(code);
  const size = total(first, packed);
  const over = size > budget;
  failed ||= over;
  const aim = goal === undefined ? "" : `, goal ${goal} (${size <= goal ? "met" : `${size - goal} above`})`;
  const beside = later.map(({ name, text }) => `; on demand ${name} ${packed(text)}`).join("");
  console.log(`${what}: ${size} bytes of brotli, ${total(first, ({ length }) => length)} minified; budget ${budget}${aim}${beside}${over ? ": OVER BUDGET" : ""}`);
}
for (const { what, code } of IMPORTS.filter(({ parts }) => parts)) await printParts(what, code);
process.exitCode = failed ? 1 : 0;

function total(files, weigh) {
  return files.reduce((sum, { text }) => sum + weigh(text), 0);
}

/** Each part with its bytes of brotli, which the import would lose without it, and its bytes before that: of the module if it is a core's. */
async function printParts(what, code) {
  console.log(`\n${what}, by part: bytes of brotli, bytes minified or of the module`);
  const row = (name, size, bytes) => console.log(`${name.padEnd(NAME).slice(0, NAME)}${String(size).padStart(7)}${String(bytes).padStart(9)}`);
  for (const { part, size, bytes, rows } of await partsOf(code)) {
    row(part, size, bytes);
    for (const { name, size, bytes } of rows) row(`  ${name}`, size, bytes);
  }
}
