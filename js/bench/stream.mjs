// `for await (… of stream())` over loopback HTTP beside the ways that peers offer, in microseconds of CPU for each event: medians, one
// process for each variant, all by turns. The server writes one event at a time and waits for it to leave, so that nearly every read
// brings one. `--quick` looks whether it works.
import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const quick = process.argv.includes("--quick");
const [rounds, events] = quick ? [1, 300] : [5, 20_000];
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const server = spawn(process.execPath, [path("server.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
const base = await new Promise((resolve) => server.stdout.once("data", (line) => resolve(String(line).trim())));
try {
  const costs = { "fetch and its bytes": [], tidewire: [], "EventSourceParserStream": [], "openai SDK": [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(costs)) {
      const said = execFileSync(process.execPath, [path("reader.mjs"), name, base, String(events)], { encoding: "utf8" });
      costs[name].push(JSON.parse(said));
    }
  }
  console.log(`Node ${process.version}, ${events} events over loopback, medians of ${rounds} processes\n`);
  console.log("| reader | µs of CPU an event | above fetch alone | events a read |\n|---|---|---|---|");
  const floor = median(costs["fetch and its bytes"].map(({ cost }) => cost));
  for (const [name, runs] of Object.entries(costs)) {
    const cost = median(runs.map((run) => run.cost));
    const reads = median(runs.map((run) => run.perRead ?? NaN));
    console.log(`| ${name} | ${cost.toFixed(1)} | ${(cost - floor).toFixed(1)} | ${Number.isNaN(reads) ? "" : reads.toFixed(2)} |`);
  }
  const own = median(costs.tidewire.map(({ cost }) => cost));
  for (const peer of ["EventSourceParserStream", "openai SDK"]) {
    const cost = median(costs[peer].map((run) => run.cost));
    console.log(`\n${peer}: ${(cost / own).toFixed(2)} × tidewire's cost; above fetch alone ${((cost - floor) / (own - floor)).toFixed(2)} × (goal: 3)`);
  }
} finally {
  server.kill();
}
