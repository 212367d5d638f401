// Cloudflare's workerd, which compiles no WebAssembly at run time: `tidewire` says what to import instead, and that works.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { serve } from "../support/serve.mjs";
import { command, left, project, skip, wanted } from "./support.mjs";

const worker = (entry) => `import use from "./${entry}.mjs";\nimport { worker } from "./worker.mjs";\nexport default worker(use);\n`;
const WORKERS = {
  "tidewire.worker.mjs": worker("tidewire"),
  "js.worker.mjs": worker("js"),
  "eventsource.worker.mjs": worker("eventsource"),
  "slim.worker.mjs": `import core from "tidewire/core.wasm";\nimport { init } from "./slim.mjs";\ninit(core);\n${worker("slim")}`,
};

describe("workerd", { skip }, () => {
  let upstream;
  let folder;
  let want;
  before(async () => {
    upstream = await serve(command);
    want = await wanted(upstream.base);
    folder = await project("workerd", WORKERS);
  });
  after(() => upstream?.stop());

  /** What the worker of an entry answers, bundled as wrangler does it: `.wasm` stays an import. */
  async function answer(entry, key) {
    const outdir = join(folder, "out", entry);
    const name = `${entry}.worker.mjs`;
    await build({ absWorkingDir: folder, entryPoints: [name], outdir, bundle: true, format: "esm", outExtension: { ".js": ".mjs" }, loader: { ".wasm": "copy" }, logLevel: "silent" });
    const host = new Miniflare({
      modulesRoot: outdir,
      scriptPath: join(outdir, name),
      modules: true,
      modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
      compatibilityDate: "2026-07-01",
    });
    try {
      return await (await host.dispatchFetch(`http://worker.test/?${new URLSearchParams({ base: upstream.base, key })}`)).json();
    } finally {
      await host.dispose();
    }
  }

  for (const entry of ["slim", "js"]) {
    test(`tidewire/${entry}`, { timeout: 60_000 }, async () => {
      assert.deepEqual(await answer(entry, `workerd-${entry}`), want[entry]);
      assert.equal(await left(upstream, `workerd-${entry}`), "client_closed");
    });
  }
  for (const entry of ["tidewire", "eventsource"]) {
    test(`${entry}: the error names the way out`, { timeout: 60_000 }, async () => {
      const { code, message } = await answer(entry, "none");
      assert.equal(code, "usage");
      for (const way of ["tidewire/js", "tidewire/slim"]) assert.ok(message.includes(way), message);
    });
  }
});
