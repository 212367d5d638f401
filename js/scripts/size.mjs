// What an import weighs in a page: bundled by esbuild, minified, brotli. Above its budget it fails.
import { brotliCompressSync, constants } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** `budget` is what it weighs today and must not outgrow; `goal` is where it is to come. */
const IMPORTS = [
  { what: 'import { stream } from "tidewire"', code: 'export { stream } from "./dist/index.js"', budget: 43_500, goal: 8_500 },
  { what: 'import { EventSource } from "tidewire/eventsource"', code: 'export { EventSource } from "./dist/eventsource.js"', budget: 16_700, goal: 9_000 },
  { what: 'import { createParser } from "tidewire"', code: 'export { createParser } from "./dist/index.js"', budget: 37_500 },
  { what: 'import { deltas } from "tidewire/llm"', code: 'export { deltas } from "./dist/llm.js"', budget: 71_350, goal: 15_000 },
  { what: 'import { stream } from "tidewire/slim", without its core', code: 'export { stream, init } from "./dist/slim.js"', budget: 8_800 },
  { what: 'import { xhr } from "tidewire/xhr"', code: 'export { xhr } from "./dist/xhr.js"', budget: 2_200 },
];

let failed = false;
for (const { what, code, budget, goal } of IMPORTS) {
  const resolveDir = fileURLToPath(new URL("..", import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const text = outputFiles[0].contents;
  const packed = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } });
  const over = packed.length > budget;
  failed ||= over;
  const aim = goal === undefined ? "" : `, goal ${goal} (${packed.length <= goal ? "met" : `${packed.length - goal} above`})`;
  console.log(`${what}: ${packed.length} bytes of brotli, ${text.length} minified; budget ${budget}${aim}${over ? ": OVER BUDGET" : ""}`);
}
process.exitCode = failed ? 1 : 0;
