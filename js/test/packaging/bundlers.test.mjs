// The packed package through the bundlers that people use, without any setting for its sake; what they built runs in Chromium.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { promisify } from "node:util";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";
import { ENGINES } from "../browser/engines.mjs";
import { serve } from "../support/serve.mjs";
import { site } from "./site.mjs";
import { command, leaves, left, project, skip, wanted } from "./support.mjs";

const ENTRIES = ["tidewire", "records", "full", "js", "eventsource"];
/** What reads JSON formats: "tidewire" fetches the core for them when it is asked for one. */
const READS_JSON = new Set(["records", "full"]);
const script = (entry) => `import use from "./${entry}.mjs";\nimport { page } from "./page.mjs";\npage(use);\n`;
const pages = Object.fromEntries(ENTRIES.map((entry) => [`${entry}.page.mjs`, script(entry)]));
const inputs = (folder, kind = "mjs") => Object.fromEntries(ENTRIES.map((entry) => [entry, join(folder, `${entry}.page.${kind}`)]));

/** Each builds the pages of a project into a folder; what a bundler warns of counts as an error. */
const BUNDLERS = {
  async vite(root, outDir) {
    const warned = [];
    const customLogger = { ...vite.createLogger("silent"), warn: (text) => warned.push(text), warnOnce: (text) => warned.push(text) };
    await vite.build({ root, customLogger, logLevel: "silent", build: { outDir, rolldownOptions: { input: inputs(root), output: { entryFileNames: "[name].js" } } } });
    assert.deepEqual(warned, []);
  },
  async webpack(context, path) {
    const stats = await promisify(webpack)({ context, mode: "production", entry: inputs(context), output: { path }, performance: false });
    assert.equal(stats.toString({ all: false, errors: true, warnings: true }), "");
  },
  async esbuild(absWorkingDir, outdir) {
    const { warnings } = await esbuild.build({ absWorkingDir, entryPoints: inputs(absWorkingDir), outdir, bundle: true, minify: true, splitting: true, format: "esm", logLevel: "silent" });
    assert.deepEqual(warnings, []);
  },
  async rollup(folder, dir) {
    const warned = [];
    const built = await rollup({ input: inputs(folder), plugins: [nodeResolve({ browser: true })], onwarn: ({ message }) => warned.push(message) });
    await built.write({ dir, format: "es" });
    await built.close();
    assert.deepEqual(warned, []);
  },
};

/** Each puts all of a page into one file, with what would be fetched on demand. */
const IN_ONE = {
  async "esbuild, ES modules"(absWorkingDir, outdir) {
    await oneByEsbuild(absWorkingDir, outdir, "esm");
  },
  async "esbuild, scripts"(absWorkingDir, outdir) {
    await oneByEsbuild(absWorkingDir, outdir, "iife");
  },
  async "rollup, scripts"(folder, dir) {
    for (const [entry, input] of Object.entries(inputs(folder))) {
      const built = await rollup({ input, plugins: [nodeResolve({ browser: true })] });
      await built.write({ file: join(dir, `${entry}.js`), format: "iife", inlineDynamicImports: true });
      await built.close();
    }
  },
};
async function oneByEsbuild(absWorkingDir, outdir, format) {
  const { warnings } = await esbuild.build({ absWorkingDir, entryPoints: inputs(absWorkingDir), outdir, bundle: true, minify: true, format, logLevel: "silent" });
  assert.deepEqual(warnings, []);
}

/** The files of a folder that carry the core of all formats. */
async function carriers(folder) {
  const core = /"(\w{1000,})"/.exec(await readFile(new URL("../../dist/generated/core.js", import.meta.url), "utf8"))[1];
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith("js"));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return files.filter((_, at) => texts[at].includes(core));
}

const { chromium } = ENGINES;
describe("bundlers", { skip: skip || (chromium.program ? false : "chromium is not installed") }, () => {
  let upstream;
  let browser;
  let folder;
  let want;
  before(async () => {
    upstream = await serve(command);
    want = await wanted(upstream.base);
    folder = await project("bundlers", pages);
    browser = await chromium.open(chromium.program);
  });
  after(async () => {
    await browser?.close();
    await upstream?.stop();
  });

  /** What a built page says, of a site with these headers, and which files it asked for. */
  async function run(out, entry, key, headers) {
    const pages = await site(out, headers);
    const query = new URLSearchParams({ base: upstream.base, key, report: pages.base });
    try {
      return { said: await pages.result(() => browser.go(`${pages.base}/${entry}.html?${query}`)), served: pages.served };
    } finally {
      await pages.stop();
    }
  }

  for (const [name, build] of Object.entries({ ...BUNDLERS, ...IN_ONE })) {
    test(name, { timeout: 120_000 }, async (t) => {
      const out = join(folder, "out", name.replace(/\W+/g, "-"));
      await t.test("builds", () => build(folder, out));
      for (const entry of ENTRIES) {
        await t.test(entry, { timeout: 30_000 }, async () => {
          const key = `${name}-${entry}`.replace(/\W+/g, "-");
          // Where no WebAssembly is allowed, the translation has to do.
          const policy = entry === "js" ? "script-src 'self'" : "script-src 'self' 'wasm-unsafe-eval'";
          const { said, served } = await run(out, entry, key, { "content-security-policy": policy });
          assert.deepEqual(said, want[entry]);
          if (leaves(entry)) assert.equal(await left(upstream, key), "client_closed");
          if (name in IN_ONE) return assert.deepEqual(served, [`${entry}.js`]);
          const carrying = await carriers(out);
          assert.equal(served.some((file) => carrying.includes(file)), READS_JSON.has(entry), `${served} of ${carrying}`);
          if (entry === "records") assert.ok(!carrying.includes(`${entry}.js`), "the core is a chunk of its own");
        });
      }
    });
  }
});
