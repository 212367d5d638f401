// Where a job runs: `run(job, given)` makes a process of its own for it and gives what it says, with the time that it took in µs: `wall`,
// and `cpu`, which is that of the whole process in Node and that of the page's main thread in Chromium.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import puppeteer from "puppeteer-core";
import { ENGINES, QUIET } from "../test/browser/engines.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const pages = mkdtempSync(join(tmpdir(), "tidewire-bench-"));
const server = spawn(process.execPath, [path("server.mjs"), pages], { stdio: ["pipe", "pipe", "inherit"] });

/** Where streams come from, and Chromium's pages. */
export const base = await new Promise((resolve) => server.stdout.once("data", (line) => resolve(String(line).trim())));

export function stop() {
  server.kill();
  rmSync(pages, { recursive: true, force: true });
}

export const node = {
  name: `Node ${process.version}`,
  async run(job, given) {
    const { stdout } = await promisify(execFile)(process.execPath, [path("harness.mjs"), job, JSON.stringify(given)], { encoding: "utf8" });
    return JSON.parse(stdout);
  },
};

const { program } = ENGINES.chromium;

/** Chromium, or nothing where it is not installed. */
export const chromium = program && {
  name: "Chromium",
  async run(job, given) {
    await (bundled ??= bundle());
    const browser = await puppeteer.launch({ browser: "chrome", executablePath: program, headless: true, args: QUIET });
    try {
      const page = await browser.newPage();
      const devtools = await page.createCDPSession();
      await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
      const cpu = async () => {
        const { metrics } = await devtools.send("Performance.getMetrics");
        return 1e6 * metrics.find(({ name }) => name === "TaskDuration").value;
      };
      await page.goto(`${base}/${job}.html`);
      await page.evaluate(async (given) => {
        const { default: job } = await import(location.pathname.replace("html", "js"));
        globalThis.run = await job(given, () => 1000 * performance.now());
      }, given);
      const before = await cpu();
      const said = await page.evaluate(async () => {
        const began = performance.now();
        const said = await globalThis.run();
        return { ...said, wall: 1000 * (performance.now() - began) };
      });
      return { ...said, cpu: (await cpu()) - before };
    } finally {
      await browser.close();
    }
  },
};

let bundled;
/** The jobs as pages have them: each variant in a file of its own. */
function bundle() {
  const jobs = readdirSync(path("jobs")).map((name) => join(path("jobs"), basename(name)));
  return build({ entryPoints: jobs, outdir: pages, bundle: true, minify: true, splitting: true, format: "esm", target: "es2022", logLevel: "error" });
}
