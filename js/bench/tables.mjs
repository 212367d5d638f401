// What is measured in an engine, as tables with their goals. Variants run by turns, each in a process of its own; figures are medians.
import { base } from "./engines.mjs";
import { LARGE, NAMES } from "./shapes.mjs";

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Runs a job for each of these arguments by turns; gives what was said, by the argument's place. */
async function byTurns(engine, rounds, job, all) {
  const said = all.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [place, given] of all.entries()) said[place].push(await engine.run(job, given));
  }
  return said;
}

/** The time of a parser and of its peer in µs, which must have read the same. */
async function beside(engine, rounds, given, job = "push") {
  const said = await byTurns(engine, rounds, job, ["tidewire", "eventsource-parser"].map((variant) => ({ ...given, variant })));
  const read = new Set(said.flat().map(({ events, units }) => `${events} ${units}`));
  // Whoever reads less is faster.
  if (read.size !== 1) throw new Error(`${given.of}: the parsers do not agree: ${[...read].join(" | ")}`);
  const [own, peer] = said.map((runs) => median(runs.map(({ time }) => time)));
  return { own, peer, bytes: said[0][0].bytes };
}

/** `createParser().push` beside eventsource-parser with a TextDecoder. */
export async function push(engine, quick) {
  const [rounds, runs, size] = quick ? [1, 3, 1 << 18] : [5, 15, 1 << 23];
  console.log(`\n## createParser().push, ${engine.name}: MB/s, medians of ${rounds} processes\n`);
  console.log("| shape | tidewire | eventsource-parser 4 | ratio |\n|---|---|---|---|");
  const ratios = [];
  for (const of of NAMES) {
    const { own, peer, bytes } = await beside(engine, rounds, { of, runs, size });
    ratios.push(peer / own);
    console.log(`| ${of} | ${(bytes / own).toFixed(0)} | ${(bytes / peer).toFixed(0)} | ${(peer / own).toFixed(2)} |`);
  }
  const at = (least) => ratios.filter((ratio) => ratio >= least).length;
  console.log(`\n${at(1)} of ${ratios.length} shapes at 1.0 or more (goal: all), ${at(1.5)} at 1.5 or more (goal: 6)`);
}

/** The texts of an LLM's reply, fed by hand, beside eventsource-parser with JSON.parse. */
export async function deltas(engine, quick, goals) {
  const [rounds, runs, size] = quick ? [1, 3, 1 << 18] : [5, 15, 1 << 23];
  console.log(`\n## texts of deltas, ${engine.name}: MB/s, medians of ${rounds} processes\n`);
  console.log("| shape | tidewire | eventsource-parser 4 + JSON.parse | ratio | goal |\n|---|---|---|---|---|");
  for (const [of, goal] of Object.entries(goals)) {
    const { own, peer, bytes } = await beside(engine, rounds, { of, runs, size }, "deltas");
    console.log(`| ${of} | ${(bytes / own).toFixed(0)} | ${(bytes / peer).toFixed(0)} | ${(peer / own).toFixed(2)} | ${goal} |`);
  }
}

/** One ever larger event in 1 KiB reads. */
export async function linear(engine, quick) {
  const [rounds, runs] = quick ? [1, 3] : [5, 15];
  console.log(`\n## one event in 1 KiB reads, ${engine.name}: ms, medians of ${rounds} processes\n`);
  console.log("| MiB | tidewire | per MiB | eventsource-parser 4 |\n|---|---|---|---|");
  const each = [];
  let last;
  for (const of of Object.keys(LARGE)) {
    last = await beside(engine, rounds, { of, runs });
    each.push(last.own / of);
    console.log(`| ${of} | ${(last.own / 1000).toFixed(2)} | ${(each.at(-1) / 1000).toFixed(2)} | ${(last.peer / 1000).toFixed(2)} |`);
  }
  console.log(`\n8 MiB cost ${(each.at(-1) / each[0]).toFixed(2)} times as much for each MiB as 1 (goal: 1, linear), and ${(last.own / last.peer).toFixed(2)} of the peer (goal: 1 or less)`);
}

/** How a server writes, and how many events of it are read; `none` has no server. */
const PACES = {
  none: ["one event in each read, without a network", 50_000],
  many: ["250 events in each write, as fast as they are read", 100_000],
  single: ["one event in each write, which has left before the next", 20_000],
  paced: ["one event each millisecond", 3000],
};

/**
 * `for await (… of stream())` beside the ways that peers offer. What a read over loopback brings, the engine decides; in Chromium where each
 * event is a write of its own it is chance, from one to thousands of events, and the figures of all readers with it.
 */
export async function stream(engine, quick, goal) {
  for (const [pace, [what, full]] of Object.entries(PACES)) {
    const [rounds, events] = quick ? [1, 300] : [5, full];
    console.log(`\n## stream(), ${engine.name}, ${what}: µs an event, medians of ${rounds} processes that read ${events}\n`);
    await streams(engine, rounds, { base: pace === "none" ? "" : `${base}/${pace}`, events }, goal);
  }
}

async function streams(engine, rounds, given, goal) {
  const { events } = given;
  const variants = ["fetch and its bytes", "tidewire", "EventSourceParserStream", "openai SDK"];
  const said = await byTurns(engine, rounds, "read", variants.map((variant) => ({ variant, ...given })));
  for (const [place, runs] of said.entries()) {
    const wrong = runs.find(({ items, length }) => length === 0 || (place > 0 && items !== events));
    if (wrong) throw new Error(`${variants[place]}: ${wrong.items} events`);
  }
  const [cpus, walls] = ["cpu", "wall"].map((what) => said.map((runs) => median(runs.map((run) => run[what] / events))));
  console.log("| reader | CPU | above fetch alone | wall |\n|---|---|---|---|");
  for (const [place, variant] of variants.entries()) {
    console.log(`| ${variant} | ${cpus[place].toFixed(2)} | ${(cpus[place] - cpus[0]).toFixed(2)} | ${walls[place].toFixed(2)} |`);
  }
  console.log(`\n${(events / median(said[0].map(({ items }) => items))).toFixed(2)} events a read of fetch alone`);
  for (const place of [2, 3]) {
    const [cpu, wall] = [cpus, walls].map((list) => `${(list[place] / list[1]).toFixed(2)} ×`);
    const above = `${(cpus[place] - cpus[0]).toFixed(2)} µs above fetch alone to ${(cpus[1] - cpus[0]).toFixed(2)}`;
    console.log(`${variants[place]}: ${cpu} tidewire's CPU, ${above}, ${wall} its wall time (goal: ${goal} ×)`);
  }
}

/** The first parser of a fresh process. */
export async function first(engine, quick, goal) {
  const rounds = quick ? 3 : 15;
  const [said] = await byTurns(engine, rounds, "first", [{}]);
  const times = said.map(({ time }) => time / 1000);
  console.log(`\n## first parser, ${engine.name}: ${median(times).toFixed(2)} ms, median of ${rounds} fresh processes, at most ${Math.max(...times).toFixed(2)} (goal: ${goal})`);
}
