// The suites of `page/suite.mjs`, `page/absence.mjs` and `page/xhr.mjs` in Chromium, Firefox and WebKit; an engine that is not installed is said to be missing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { serve } from "../support/serve.mjs";
import { ENGINES } from "./engines.mjs";
import { example } from "./example.mjs";
import { webProcesses } from "./memory.mjs";
import { pages } from "./server.mjs";

const chosen = process.env.TIDEWIRE_ENGINES?.split(",") ?? Object.keys(ENGINES);
const command = process.env.TIDEWIRE;
// The suite imports what only a page can; its names are enough here.
const sources = ["suite", "absence", "xhr"].map((name) => readFileSync(new URL(`page/${name}.mjs`, import.meta.url), "utf8"));
const isLong = process.env.TIDEWIRE_XHR_EVENTS !== undefined;
const names = [...sources.join("").matchAll(/^ {2}async (?:"([^"]+)"|(\w+))\(\) \{$/gm)]
  .map(([, quoted, plain]) => quoted ?? plain)
  .filter((name) => !isLong || name.includes("16 MiB"));

for (const name of chosen) {
  const { program, open } = ENGINES[name];
  const skip = !program ? `${name} is not installed` : !command ? "TIDEWIRE names no command" : false;
  describe(name, { skip }, () => {
    let browser;
    let server;
    let upstream;
    before(async () => {
      upstream = await serve(command);
      server = await pages((what, ms) => (what === "memory" ? webProcesses() : browser[what]?.(ms, `${server.other}/elsewhere`)));
      browser = await open(program);
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      await upstream?.stop();
    });
    for (const [number, what] of names.entries()) {
      test(what, { timeout: isLong ? 600_000 : 90_000 }, async (t) => {
        const id = `${name}${number}`;
        const given = { test: what, id, engine: name, serve: upstream.base, other: server.other, down: server.down, events: process.env.TIDEWIRE_XHR_EVENTS ?? "" };
        const served = what.includes("policy") ? "&csp" : what.startsWith("kept") ? "&kept" : "";
        await browser.go(`${server.base}/page/index.html?${new URLSearchParams(given)}${served}`);
        const { error, skipped } = await server.result(id);
        if (skipped) t.diagnostic(skipped);
        assert.equal(error, undefined);
      });
    }

    /** Waits until the page of the example says something. */
    const shows = async (words) => {
      let shown = "";
      for (let tries = 0; tries < 600 && !shown.includes(words); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        shown = await browser.text();
      }
      assert.ok(shown.includes(words), `${words} is nowhere in:\n${shown}`);
      return shown;
    };

    test("the example's page of a model's reply", { timeout: 90_000, skip: isLong }, async () => {
      const site = await example(upstream.base);
      try {
        await browser.go(`${site.base}/llm.html?dialect=anthropic`);
        const shown = await shows("complete: the provider said so · finish: tool_calls");
        for (const part of ["I look at the weather and the tide.", "适合游泳。", 'weather {\n  "city": "Sète"', "outputTokens: 29"]) {
          assert.ok(shown.includes(part), `${part} is nowhere in:\n${shown}`);
        }
        await browser.go(`${site.base}/llm.html?dialect=openai-chat`);
        await shows("The sea at");
        await site.cut();
        assert.ok(!(await shows("truncated: this is not the whole reply")).includes("complete"));
        await browser.go(`${site.base}/llm.html?dialect=openai-responses`);
        await shows("The sea at");
        await site.cut();
        assert.match(await shows("complete: the provider said so"), /request 2, reason: (body|end), after event \d+/);
      } finally {
        await site.stop();
      }
    });
  });
}
