// What the package costs a slow device, in Chromium: how long its first use blocks a page whose processor is slowed down, and how much
// memory its core keeps after large events. The figures are printed in any case.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ENGINES } from "./engines.mjs";
import { pages } from "./server.mjs";

/** As slow as a cheap phone, against the machine of a developer. */
const SLOWER = 6;
/** A frame and a little more: what a user does not notice. */
const LONGEST_BLOCK_MS = 20;
/** The machine is noisy, so the best of so many pages counts; each has a process of its own, in which nothing is compiled yet. */
const PAGES = 9;
const LARGE = 8 * 1024 * 1024;
const MOST_HELD = 1024 * 1024;

// What does not hold yet, with today's figures: such a failure is reported and fails nothing. Whoever makes one hold deletes its line.
const NOT_YET = {
  parser: "16 ms, but 23 ms while the machine is busy",
  stream: "21 to 74 ms, a response of the platform alone takes 3 ms",
  memory: "32 MiB, in the parser that goes on",
};

const { program, open } = ENGINES.chromium;
const isChosen = (process.env.TIDEWIRE_ENGINES?.split(",") ?? ["chromium"]).includes("chromium");
const skip = !isChosen ? "another engine was chosen" : !program ? "chromium is not installed" : false;

describe("low end", { skip }, () => {
  let chromium;
  let server;
  before(async () => {
    server = await pages(() => null);
    chromium = await open(program);
  });
  after(async () => {
    await chromium?.close();
    await server?.stop();
  });

  /** Opens the page once its imports are done, in a process of its own. */
  async function inFreshPage(run) {
    const context = await chromium.browser.createBrowserContext();
    try {
      const page = await context.newPage();
      const devtools = await page.createCDPSession();
      await page.goto(`${server.base}/page/low_end.html`);
      await page.waitForFunction("globalThis.measure");
      return await run(page, devtools);
    } finally {
      await context.close();
    }
  }

  for (const what of ["parser", "stream"]) {
    test(`the first ${what} blocks a slow page for ${LONGEST_BLOCK_MS} ms at most`, { timeout: 120_000, todo: NOT_YET[what] }, async (t) => {
      const blocks = [];
      for (let number = 0; number < PAGES; number++) {
        blocks.push(
          await inFreshPage(async (page, devtools) => {
            await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
            await page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))");
            // First what the platform takes for a response of its own, so that the package is not charged for what is first there.
            const platform = await page.evaluate("measure.platform()");
            return { platform, ms: await page.evaluate(`measure.${what}()`) };
          }),
        );
      }
      blocks.sort((a, b) => a.ms - b.ms);
      const [{ ms, platform }] = blocks;
      t.diagnostic(`first ${what}, ${SLOWER} × slower: ${blocks.map(({ ms }) => ms.toFixed(1)).join(" ")} ms; the platform's own response before: ${platform.toFixed(1)} ms`);
      assert.ok(ms <= LONGEST_BLOCK_MS, `${ms.toFixed(1)} ms`);
    });
  }

  test("after events of 8 MiB the page holds less than 1 MiB of WebAssembly", { timeout: 120_000, todo: NOT_YET.memory }, async (t) => {
    const [peak, held] = await inFreshPage(async (page, devtools) => {
      const peak = await page.evaluate(`measure.memory(${LARGE})`);
      // An instance that was replaced is gone once it is collected.
      for (let round = 0; round < 3; round++) await devtools.send("HeapProfiler.collectGarbage");
      return [peak, await page.evaluate("measure.held()")];
    });
    t.diagnostic(`WebAssembly held: ${peak} bytes at the most, ${held} in the end`);
    assert.ok(peak > 0, "no memory was seen");
    assert.ok(held < MOST_HELD, `${held} bytes`);
  });
});
