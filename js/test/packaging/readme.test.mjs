// The five lines of README.md, which are all there is in a new project of Vite's: what a person sees of them in each engine.
// TIDEWIRE_SHOTS names a folder for pictures.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer } from "vite";
import { ENGINES } from "../browser/engines.mjs";
import { serve } from "../support/serve.mjs";
import { command, project, skip, wanted } from "./support.mjs";

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const [, lines] = /\n## For a front end\n[^]*?```js\n([^]*?)```/.exec(readme);
const HTML = `<!doctype html>
<html lang="en">
  <head><meta charset="UTF-8" /><title>app</title></head>
  <body>
    <script type="module" src="/src/main.js"></script>
  </body>
</html>
`;

test("they are five", () => {
  assert.equal(lines.split("\n").filter((line) => line !== "").length, 5);
});

describe("README.md in a new project of Vite's", { skip }, () => {
  let upstream;
  let server;
  let want;
  before(async () => {
    upstream = await serve(command);
    want = (await wanted(upstream.base)).tidewire;
    const main = lines.replace("http://localhost:8787", upstream.base);
    assert.notEqual(main, lines);
    const root = await project("app", { "index.html": HTML, "src/main.js": main });
    server = await createServer({ root, logLevel: "error", server: { host: "127.0.0.1", port: 0 } });
    await server.listen();
  });
  after(async () => {
    await server?.close();
    await upstream?.stop();
  });

  for (const [name, { program, open }] of Object.entries(ENGINES)) {
    test(name, { timeout: 60_000, skip: program ? false : `${name} is not installed` }, async (t) => {
      const browser = await open(program);
      t.after(() => browser.close());
      await browser.go(`http://127.0.0.1:${server.httpServer.address().port}/`);
      // What could be read on the page, each time it had changed.
      const seen = [""];
      while (!seen.at(-1).endsWith(")")) {
        const text = (await browser.text()).replace(/\s+/g, " ").trim();
        if (text !== seen.at(-1)) seen.push(text);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      assert.equal(seen.at(-1), `${want.text} (${want.outcome})`.replace(/\s+/g, " ").trim());
      assert.ok(seen.length > 5, `it came in ${seen.length} pieces`);
      if (process.env.TIDEWIRE_SHOTS) {
        mkdirSync(process.env.TIDEWIRE_SHOTS, { recursive: true });
        writeFileSync(join(process.env.TIDEWIRE_SHOTS, `${name}.png`), await browser.shot());
      }
    });
  }
});
