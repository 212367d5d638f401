// `createParser().push` beside eventsource-parser with a TextDecoder, in MB/s of CPU time: medians, one process for each variant, and
// both by turns. `--quick` looks whether it works.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { SHAPES } from "./shapes.mjs";

const quick = process.argv.includes("--quick");
const [rounds, runs, size] = quick ? [1, 3, 1 << 18] : [5, 15, 1 << 23];
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const variant = fileURLToPath(new URL("variant.mjs", import.meta.url));

console.log(`Node ${process.version}, medians of ${rounds} processes; MB/s\n`);
console.log("| shape | tidewire | eventsource-parser 4 | ratio |\n|---|---|---|---|");
const ratios = [];
for (const shape of Object.keys(SHAPES)) {
  const rates = { tidewire: [], "eventsource-parser": [] };
  const said = new Set();
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(rates)) {
      const { rate, events, units } = JSON.parse(execFileSync(process.execPath, [variant, shape, name, String(runs), String(size)], { encoding: "utf8" }));
      rates[name].push(rate);
      said.add(`${events} ${units}`);
    }
  }
  // Whoever reads less is faster.
  if (said.size !== 1) throw new Error(`${shape}: the parsers do not agree: ${[...said].join(" | ")}`);
  const [own, peer] = Object.values(rates).map(median);
  ratios.push(own / peer);
  console.log(`| ${shape} | ${own.toFixed(0)} | ${peer.toFixed(0)} | ${(own / peer).toFixed(2)} |`);
}
const at = (least) => ratios.filter((ratio) => ratio >= least).length;
console.log(`\n${at(1)} of ${ratios.length} shapes at 1.0 or more (goal: all), ${at(1.5)} at 1.5 or more (goal: 6)`);
