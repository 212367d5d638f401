// Behind the development servers that people use: a reply arrives as it is sent, and an abort reaches its server. webpack's compresses what
// it passes on, and so holds a whole reply back, unless it or the reply's `Cache-Control: no-transform`, which `serve` sends, says no; both
// ways out are rows here.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { createServer } from "vite";
import webpack from "webpack";
import WebpackDevServer from "webpack-dev-server";
import { ENGINES } from "../browser/engines.mjs";
import { serve } from "../support/serve.mjs";
import { site } from "./site.mjs";
import { command, left, project, ran, skip, wanted } from "./support.mjs";

const page = `import use from "./arrival.mjs";\nimport { page } from "./page.mjs";\npage(use);\n`;
const html = (source) => `<!doctype html><title>proxied</title><script type="module" src="${source}"></script>`;

const behindWebpack = (settings, rule) => async (context, target) => {
  const compiler = webpack({ context, mode: "development", entry: "./page.js", output: { path: join(context, "dist") }, infrastructureLogging: { level: "error" }, stats: "none" });
  const proxy = [{ context: ["/api"], target, changeOrigin: true, pathRewrite: { "^/api": "" }, ...rule }];
  const server = new WebpackDevServer({ host: "127.0.0.1", port: "auto", static: context, proxy, ...settings }, compiler);
  await server.start();
  return { base: `http://127.0.0.1:${server.server.address().port}`, stop: () => server.stop() };
};
/** What a server says that never heard of it. */
const noCache = { on: { proxyRes: ({ headers }) => (headers["cache-control"] = "no-cache") } };

/** Each serves the page of a project, which is `source` there, and puts `/api` in front of a server; `stop` ends it. */
const SERVERS = {
  vite: {
    source: "/page.js",
    async start(root, target) {
      const proxy = { "/api": { target, changeOrigin: true, rewrite: (path) => path.replace(/^\/api/, "") } };
      const server = await createServer({ root, logLevel: "error", server: { host: "127.0.0.1", port: 0, proxy } });
      await server.listen();
      return { base: `http://127.0.0.1:${server.httpServer.address().port}`, stop: () => server.close() };
    },
  },
  "webpack-dev-server, compress: false": { source: "/main.js", start: behindWebpack({ compress: false }, noCache) },
  "webpack-dev-server, Cache-Control: no-transform": { source: "/main.js", start: behindWebpack({}, {}) },
};

/** Twelve tokens, 100 ms apart, between a first event and a last one: they must not come together. */
function streamed({ times, outcome, thrown, records, error }, want) {
  assert.equal(error, undefined);
  assert.equal(outcome, "complete");
  const gaps = times.slice(1).map((time, at) => time - times[at]);
  const all = `${times.map(Math.round)}`;
  assert.ok(times.at(-1) > 600, all);
  assert.ok(gaps.filter((gap) => gap > 30).length >= 6, all);
  assert.deepEqual(thrown, ["AbortError"]);
  assert.deepEqual(records, want.records);
}

const { chromium } = ENGINES;
for (const [name, { source, start }] of Object.entries(SERVERS)) {
  describe(`behind ${name}`, { skip }, () => {
    let upstream;
    let folder;
    let server;
    let want;
    before(async () => {
      upstream = await serve(command);
      want = await wanted(upstream.base);
      folder = await project("proxied", { "page.js": page, "index.html": html(source) });
      server = await start(folder, upstream.base);
    });
    after(async () => {
      await server?.stop();
      await upstream?.stop();
    });

    test("in Node", { timeout: 60_000 }, async () => {
      const script = `const { default: use } = await import("./arrival.mjs"); console.log(JSON.stringify(await use(...process.argv.slice(1))))`;
      streamed(JSON.parse(await ran(folder, process.execPath, "--input-type=module", "-e", script, `${server.base}/api`, "node")), want);
      assert.equal(await left(upstream, "node"), "client_closed");
    });

    test("in Chromium", { timeout: 60_000, skip: chromium.program ? false : "chromium is not installed" }, async (t) => {
      const reports = await site(folder);
      t.after(() => reports.stop());
      const browser = await chromium.open(chromium.program);
      t.after(() => browser.close());
      const query = new URLSearchParams({ base: "/api", key: "chromium", report: reports.base });
      streamed(await reports.result(() => browser.go(`${server.base}/?${query}`)), want);
      assert.equal(await left(upstream, "chromium"), "client_closed");
    });
  });
}
