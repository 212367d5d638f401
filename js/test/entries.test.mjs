// The other ways to the core: a module that the host compiled, and the translation.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const dist = (name) => new URL(`../dist/${name}`, import.meta.url);
const run = (script) => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return stdout + stderr;
};
const USE = `
  const reply = () => new Response("id: 1\\ndata: a\\n\\ndata: [DONE]\\n\\n", { headers: { "content-type": "text/event-stream" } });
  const s = entry.parse(reply());
  for await (const { data, id } of s) console.log(data, id);
  console.log((await s.outcome).outcome);
  console.log((await entry.createClient({ maxConcurrent: 1 }).stream("http://a.invalid/", { fetch: async () => reply() }).drain()).outcome);
  entry.createParser({ onEvent: ({ data }) => console.log(data) }).push(new TextEncoder().encode("data: b\\n\\n"));
  const source = new entry.EventSource("http://a.invalid/", { fetch: async () => reply() });
  source.onmessage = ({ data }) => (console.log(data), source.close());
`;
const WANT = "a 1\ncomplete\ncomplete\nb\na\n";
const noCompiler = 'WebAssembly.Module = function () { throw new Error("refused"); };';

test("tidewire/js does all of it without WebAssembly", () => {
  assert.equal(run(`${noCompiler} const entry = await import("${dist("js.js")}"); ${USE}`), WANT);
});

test("tidewire/slim does all of it with tidewire/core.wasm compiled elsewhere", () => {
  const compiled = `const module = await WebAssembly.compile((await import("node:fs")).readFileSync(new URL("${dist("core.wasm")}")));
    const { imports } = WebAssembly.Module; ${noCompiler} WebAssembly.Module.imports = imports;`;
  assert.equal(run(`${compiled} const entry = await import("${dist("slim.js")}"); entry.init(module); ${USE}`), WANT);
});

test("tidewire/slim without its module says what it wants", async () => {
  const out = run(`const { stream } = await import("${dist("slim.js")}");
    try { stream("http://a.invalid/"); } catch ({ name, code, message }) { console.log(name, code, message); }`);
  assert.match(out, /^TidewireError usage .*init\(\).*tidewire\/core\.wasm/);
});

test("all entries have the same exports, and TidewireError is one class", async () => {
  const [index, inJs, slim] = await Promise.all(["index.js", "js.js", "slim.js"].map((name) => import(dist(name))));
  const names = ["TidewireError", "createClient", "createParser", "parse", "stream"];
  assert.deepEqual(Object.keys(index).sort(), names);
  assert.deepEqual(Object.keys(inJs).sort(), ["EventSource", ...names].sort());
  assert.deepEqual(Object.keys(slim).sort(), ["EventSource", "init", ...names].sort());
  assert.equal(index.TidewireError, inJs.TidewireError);
});

test("neither the translation nor slim's bundle carries the compiled core", async () => {
  const { build } = await import("esbuild");
  const bundled = async (contents) => {
    const resolveDir = new URL(".", dist("")).pathname;
    const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, minify: true, format: "esm", write: false });
    return outputFiles[0].text.length;
  };
  const core = readFileSync(dist("core.wasm")).length;
  assert.ok((await bundled('export * from "./slim.js"')) < 40_000);
  assert.ok((await bundled('export { TidewireError } from "./index.js"')) < 2_000);
  assert.ok((await bundled('export { createParser } from "./index.js"')) > core);
});
