// All tables; `--node` and `--chromium` choose an engine, `--quick` looks whether they work. A name (push, deltas,
// linear, stream, first) chooses one.
import { chromium, node, stop } from "./engines.mjs";
import { deltas, first, linear, push, stream } from "./tables.mjs";

const TABLES = { push, deltas, linear, stream, first };
const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const quick = options.includes("--quick");
const one = options.includes("--node") !== options.includes("--chromium");
const goals = {
  node: { stream: "3", first: "1.0", deltas: { "16 KiB chunks": 6, "one event a chunk": 4, CJK: 6 } },
  chromium: { stream: "5", first: "3.0", deltas: { "16 KiB chunks": 3.5, "one event a chunk": 2.3, CJK: 5 } },
};

if (quick) console.log("A look whether all of it works: nothing here is a figure.");
try {
  for (const [key, engine] of Object.entries({ node, chromium })) {
    if (one && !options.includes(`--${key}`)) continue;
    if (!engine) {
      console.log(`\n${key}: NOT RUN, it is not installed`);
      continue;
    }
    for (const [name, table] of Object.entries(TABLES)) {
      if (names.length === 0 || names.includes(name)) await table(engine, quick, goals[key][name]);
    }
  }
} finally {
  stop();
}
