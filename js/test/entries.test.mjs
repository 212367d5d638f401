// The other ways to the core: a module that the host compiled, and the translation.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

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
  const [index, full, inJs, slim] = await Promise.all(["index.js", "full.js", "js.js", "slim.js"].map((name) => import(dist(name))));
  const names = ["TidewireError", "createClient", "createParser", "parse", "stream"];
  assert.deepEqual(Object.keys(index).sort(), names);
  assert.deepEqual(Object.keys(full).sort(), names);
  assert.deepEqual(Object.keys(inJs).sort(), ["EventSource", ...names].sort());
  assert.deepEqual(Object.keys(slim).sort(), ["EventSource", "init", ...names].sort());
  assert.equal(index.TidewireError, inJs.TidewireError);
  assert.equal(full.TidewireError, inJs.TidewireError);
});

test("neither the translation nor slim's bundle carries the compiled core", async () => {
  const { build } = await import("esbuild");
  const bundled = async (contents) => {
    const resolveDir = new URL(".", dist("")).pathname;
    const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, minify: true, format: "esm", write: false });
    return outputFiles[0].text;
  };
  /** How many bytes of cores it carries, which are in hexadecimal digits. */
  const carried = async (contents) => (await bundled(contents)).match(/[0-9a-f]{1000,}/g)?.reduce((sum, { length }) => sum + length / 2, 0) ?? 0;
  const core = readFileSync(dist("core.wasm")).length;
  assert.equal(await carried('export * from "./slim.js"'), 0);
  assert.ok((await bundled('export { TidewireError } from "./index.js"')).length < 2_000);
  const events = await carried('export { createParser } from "./index.js"');
  assert.ok(events > 0 && events < core / 2, `${events} of ${core}`);
  assert.equal(await carried('export { createParser } from "./full.js"'), core);
});

const LLM = `
  const events = ["a", "b"].map((content) => "data: " + JSON.stringify({ choices: [{ delta: { content } }] }) + "\\n\\n").join("") + "data: [DONE]\\n\\n";
  const reply = entry.deltas(new Response(events, { headers: { "content-type": "text/event-stream" } }), { dialect: "openai-chat" });
  for await (const { text } of reply) console.log(text);
  console.log((await reply.message).text);
  const parser = entry.createParser({});
  parser.push(new TextEncoder().encode(events));
  console.log(parser.end().text);
`;
const READ = "a\nb\nab\nab\n";

test("tidewire/llm, and without WebAssembly, and with tidewire/llm.wasm compiled elsewhere", () => {
  assert.equal(run(`const entry = await import("${dist("llm.js")}"); ${LLM}`), READ);
  assert.equal(run(`${noCompiler} const entry = await import("${dist("llm-js.js")}"); ${LLM}`), READ);
  const compiled = `const module = await WebAssembly.compile((await import("node:fs")).readFileSync(new URL("${dist("llm-core.wasm")}")));
    const { imports } = WebAssembly.Module; ${noCompiler} WebAssembly.Module.imports = imports;`;
  assert.equal(run(`${compiled} const entry = await import("${dist("llm-slim.js")}"); entry.init(module); ${LLM}`), READ);
  const refused = run(`${noCompiler} const entry = await import("${dist("llm.js")}"); try { entry.deltas("http://a.invalid/"); } catch ({ code, message }) { console.log(code, message); }`);
  assert.match(refused, /^usage .*tidewire\/js/);
});

test("the entries of replies have the same exports", async () => {
  const [llm, inJs, slim] = await Promise.all(["llm.js", "llm-js.js", "llm-slim.js"].map((name) => import(dist(name))));
  const names = ["TidewireError", "createParser", "deltas"];
  assert.deepEqual(Object.keys(llm).sort(), names);
  assert.deepEqual(Object.keys(inJs).sort(), names);
  assert.deepEqual(Object.keys(slim).sort(), [...names, "init"].sort());
});

test("the example of the READMEs runs as printed", async () => {
  const { createServer } = await import("node:http");
  const chunk = (delta, more) => `data: ${JSON.stringify({ choices: delta ? [{ index: 0, delta, finish_reason: delta.content ? null : "stop" }] : [], ...more })}\n\n`;
  const body = chunk({ content: "because" }) + chunk({}) + chunk(undefined, { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }) + "data: [DONE]\n\n";
  const server = createServer((_, response) => response.writeHead(200, { "content-type": "text/event-stream" }).end(body));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address();
    const { execFile } = await import("node:child_process");
    for (const path of ["../README.md", "../../README.md"]) {
      const [, printed] = /```js\n(import \{ deltas \}[^]*?)```/.exec(readFileSync(new URL(path, import.meta.url), "utf8"));
      const script = printed.replace('"tidewire/llm"', JSON.stringify(dist("llm.js").href)).replace(/deltas\("[^"]*"/, `deltas("http://127.0.0.1:${port}/api/chat"`);
      const out = await new Promise((resolve) => execFile(process.execPath, ["--input-type=module", "-e", script], (_, out, said) => resolve(out + said)));
      assert.equal(out, "because\nstop 0 7\n", path);
    }
  } finally {
    server.close();
  }
});

test("the bench of replies works", { timeout: 120_000 }, () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(new URL("../bench/llm.mjs", import.meta.url)), "--quick"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\| 100000 characters by 1 \| tidewire \|/);
});
