// `tidewire/llm` beside what else makes texts of a provider's bytes, in MB/s of CPU time, and a tool call's growing arguments beside
// jsonriver: medians, one process for each variant, all by turns. `--quick` looks whether it works.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const quick = process.argv.includes("--quick");
const [rounds, runs, size] = quick ? [1, 2, 1 << 16] : [3, 25, 1 << 23];
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = (file, ...given) => JSON.parse(execFileSync(process.execPath, [path(file), ...given.map(String)], { encoding: "utf8" }));

const PEER = "eventsource-parser + JSON.parse, fed";
const FED = ["tidewire, fed", PEER];
const ASYNC = ["tidewire, fetch", "tidewire, fetch, batches", "its SDK, a loop", "its SDK, its helper"];
/** Each with what it is compared with, and how many times as fast it is to be. */
const COMPARED = [
  ["16 KiB chunks", FED, 6],
  ["one event a chunk", FED, 4],
  ["CJK", FED, 6],
  ["CJK, one event a chunk", FED],
  ["16 KiB chunks", ASYNC, 10],
  ["one event a chunk", ASYNC, 10],
  ["Anthropic, 16 KiB chunks", ASYNC, 10],
  ["Anthropic, one event a chunk", ASYNC, 10],
];

console.log(`Node ${process.version}, medians of ${rounds} processes of ${runs} runs; MB/s\n`);
console.log("| shape | reader | MB/s | tidewire's best is | goal |\n|---|---|---|---|---|");
for (const [shape, variants, goal] of COMPARED) {
  const rates = Object.fromEntries(variants.map((name) => [name, []]));
  const said = new Set();
  // An SDK takes its time.
  const bytes = variants === ASYNC ? size / 2 : size;
  for (let round = 0; round < rounds; round++) {
    for (const name of variants) {
      const { rate, texts, units } = run("llm-variant.mjs", shape, name, runs, bytes);
      rates[name].push(rate);
      said.add(`${texts} ${units}`);
    }
  }
  // Whoever reads less is faster.
  if (said.size !== 1) throw new Error(`${shape}: the readers do not agree: ${[...said].join(" | ")}`);
  const own = Math.max(...variants.filter((name) => name.startsWith("tidewire")).map((name) => median(rates[name])));
  for (const name of variants) {
    const rate = median(rates[name]);
    const times = name.startsWith("tidewire") ? "" : `${(own / rate).toFixed(1)} times as fast`;
    console.log(`| ${shape} | ${name} | ${rate.toFixed(0)} | ${times} | ${times && goal ? goal : ""} |`);
  }
}

console.log("\n| arguments | reader | ms | the first time |\n|---|---|---|---|");
for (const [characters, fragment] of [[65_536, 20], [12_500, 1], [100_000, 1]]) {
  for (const name of ["tidewire", "jsonriver, bare fragments", "eventsource-parser, JSON.parse and jsonriver"]) {
    const all = Array.from({ length: rounds }, () => run("llm-call.mjs", name, quick ? characters / 64 : characters, fragment, quick ? 2 : 40));
    const ms = (what) => median(all.map((one) => one[what])).toFixed(1);
    console.log(`| ${characters} characters by ${fragment} | ${name} | ${ms("median")} | ${ms("first")} |`);
  }
}
