// Every test in Node but those of the packed package; names given choose among them: `npm test -- stream client`. Two files at a time:
// some wait most of their time. A file that does not end fails after ten minutes.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../test/", import.meta.url));
const chosen = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs") && name !== "package.test.mjs")
  .filter((name) => chosen.length === 0 || chosen.some((part) => name.startsWith(part)))
  .map((name) => folder + name);
const reporter = chosen.length === 0 ? new URL("reporter.mjs", import.meta.url).href : "spec";
const { status } = spawnSync(process.execPath, ["--expose-gc", "--test", "--test-concurrency=2", "--test-timeout=600000", `--test-reporter=${reporter}`, ...files], { stdio: "inherit" });
process.exitCode = status ?? 1;
