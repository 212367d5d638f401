// `tidewire/llm` beside the providers' own clients, in MB/s of CPU time, and a tool call's growing arguments beside
// jsonriver: medians, one process for each variant, all by turns. `--quick` looks whether it works.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const quick = process.argv.includes("--quick");
const [rounds, runs, size] = quick ? [1, 2, 1 << 16] : [3, 25, 1 << 22];
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = (file, ...given) => JSON.parse(execFileSync(process.execPath, [path(file), ...given.map(String)], { encoding: "utf8" }));

const READERS = ["tidewire, fetch", "tidewire, fetch, batches", "its SDK, a loop", "its SDK, its helper"];
const SHAPES = ["16 KiB chunks", "one event a chunk", "Anthropic, 16 KiB chunks", "Anthropic, one event a chunk"];
/** How many times as fast it is to be. */
const GOAL = 10;

console.log(`Node ${process.version}, medians of ${rounds} processes of ${runs} runs; MB/s\n`);
console.log("| shape | reader | MB/s | tidewire's best is | goal |\n|---|---|---|---|---|");
for (const shape of SHAPES) {
  const rates = Object.fromEntries(READERS.map((name) => [name, []]));
  const said = new Set();
  for (let round = 0; round < rounds; round++) {
    for (const name of READERS) {
      const { rate, texts, units } = run("llm-variant.mjs", shape, name, runs, size);
      rates[name].push(rate);
      said.add(`${texts} ${units}`);
    }
  }
  // Whoever reads less is faster.
  if (said.size !== 1) throw new Error(`${shape}: the readers do not agree: ${[...said].join(" | ")}`);
  const own = Math.max(...READERS.filter((name) => name.startsWith("tidewire")).map((name) => median(rates[name])));
  for (const name of READERS) {
    const rate = median(rates[name]);
    const times = name.startsWith("tidewire") ? "" : `${(own / rate).toFixed(1)} times as fast`;
    console.log(`| ${shape} | ${name} | ${rate.toFixed(0)} | ${times} | ${times && GOAL} |`);
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
