// An import as a page gets it: bundled by esbuild, with a chunk of its own for whatever is imported on demand.
import { brotliCompressSync, constants } from "node:zlib";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const resolveDir = fileURLToPath(new URL("..", import.meta.url));

/** The files that a page loads at once, the entry first, and those that it loads later. */
export async function bundled(code, options = {}) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir },
    absWorkingDir: resolveDir,
    bundle: true,
    splitting: true,
    outdir: "out",
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    ...options,
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const first = reached(outputs, ["stdin.js"], ["import-statement"]);
  const all = reached(outputs, first, ["import-statement", "dynamic-import"]);
  const file = (name) => ({ name, text: texts.get(name) });
  return { first: [...first].map(file), later: [...all].filter((name) => !first.has(name)).map(file) };
}

/** The files that these reach by such imports, themselves included. */
function reached(outputs, from, kinds) {
  const names = new Set(from);
  // A set is iterated in the order in which it grows.
  for (const name of names) for (const { path, kind } of outputs.get(name).imports) if (kinds.includes(kind)) names.add(basename(path));
  return names;
}

/** How long a text is in brotli. */
export function packed(text) {
  const bytes = Buffer.from(text);
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
}
