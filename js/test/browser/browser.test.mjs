// The suite of `page/suite.mjs` in Chromium, Firefox and WebKit; an engine that is not installed is said to be missing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { serve } from "../support/serve.mjs";
import { ENGINES } from "./engines.mjs";
import { pages } from "./server.mjs";

const chosen = process.env.TIDEWIRE_ENGINES?.split(",") ?? Object.keys(ENGINES);
const command = process.env.TIDEWIRE;
// The suite imports what only a page can; its names are enough here.
const source = readFileSync(new URL("page/suite.mjs", import.meta.url), "utf8");
const names = [...source.matchAll(/^ {2}async (?:"([^"]+)"|(\w+))\(\) \{$/gm)].map(([, quoted, plain]) => quoted ?? plain);

for (const name of chosen) {
  const { program, open } = ENGINES[name];
  const skip = !program ? `${name} is not installed` : !command ? "TIDEWIRE names no command" : false;
  describe(name, { skip }, () => {
    let browser;
    let server;
    let upstream;
    before(async () => {
      upstream = await serve(command);
      server = await pages((what, ms) => browser[what]?.(ms));
      browser = await open(program);
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      await upstream?.stop();
    });
    for (const [number, what] of names.entries()) {
      test(what, { timeout: 90_000 }, async (t) => {
        const id = `${name}${number}`;
        const given = { test: what, id, engine: name, serve: upstream.base, other: server.other };
        const policy = what.includes("policy") ? "&csp" : "";
        await browser.go(`${server.base}/page/index.html?${new URLSearchParams(given)}${policy}`);
        const { error, skipped } = await server.result(id);
        if (skipped) t.diagnostic(skipped);
        assert.equal(error, undefined);
      });
    }
  });
}
