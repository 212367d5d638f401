// Runs the cases of every kind through both builds, a share of each in turn, until one differs.
import { bodyOf, makeBody, plainBody, runBody } from "./bodies.mjs";
import { difference, explain, show, source } from "./describe.mjs";
import { shrink } from "./shrink.mjs";
import { makeSource, runSource } from "./sources.mjs";
import { makeStream } from "./stream_cases.mjs";
import { runStream } from "./streams.mjs";
import { watch } from "./watchdog.mjs";

/** So many shares has a campaign. */
const SHARES = 100;

const real = { now: performance.now.bind(performance) };

/** True if nothing differs. */
export async function campaign(builds, clock, { seed, counts, minutes, only, replay, except, withRecords, withTimers }) {
  clock.install();
  const makes = {
    body: (number) => makeBody(seed, number, withRecords),
    stream: (number) => makeStream(seed, number, withRecords),
    source: (number) => makeSource(seed, number),
  };
  const runs = {
    body: runBodyOf,
    stream: (build, made) => runStream(build, made, clock),
    source: (build, made) => runSource(build.EventSource, made, clock),
  };

  if (only || replay) {
    const made = replay ?? plain(makes[only[0]](Number(only[1])));
    return (await compare(made)) ?? report(made);
  }

  const began = real.now();
  const done = { body: 0, stream: 0, source: 0 };
  const took = { body: 0, stream: 0, source: 0 };
  let excepted = 0;
  const watchdog = watch(Object.keys(counts));
  const isInTime = () => real.now() - began < minutes * 60_000;
  for (let share = 1; share <= SHARES && isInTime(); share++) {
    for (const kind of Object.keys(counts)) {
      const started = real.now();
      for (const end = Math.floor((counts[kind] * share) / SHARES); done[kind] < end && isInTime(); done[kind]++) {
        watchdog.begin(kind, done[kind]);
        const made = makes[kind](done[kind]);
        if (kind === "body" ? isSameBody(made) : await isSame(made)) continue;
        if (await isExcepted(plain(made))) {
          excepted++;
          continue;
        }
        watchdog.stop();
        console.log(`\n${kind}:${done[kind]} differs with --seed ${seed}, after ${said()}`);
        return found(plain(made));
      }
      took[kind] += real.now() - started;
    }
    progress(share);
  }
  watchdog.stop();
  console.log(`\nno difference in ${said()}${excepted > 0 ? `, but for ${excepted} that were excepted` : ""}`);
  return true;

  function said() {
    return Object.keys(done).map((kind) => `${done[kind].toLocaleString("en")} ${kind} cases`).join(", ");
  }

  function progress(share) {
    const speeds = Object.keys(done).map((kind) => `${done[kind]} × ${kind} (${Math.round((done[kind] / took[kind]) * 1000) || 0}/s)`);
    const line = `${share} % ${speeds.join(", ")}, ${Math.round((real.now() - began) / 1000)} s`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line} `);
    else if (share % 5 === 0) console.log(line);
  }

  /** Of bodies there are many: both logs are used again. */
  function isSameBody(made) {
    former.length = latter.length = 0;
    runBody(parserOf(builds.former, made), made, former);
    runBody(parserOf(builds.latter, made), made, latter);
    return difference(former, latter) === -1;
  }

  async function isSame(made) {
    const [former, latter] = await logsOf(made);
    return difference(former, latter) === -1;
  }

  async function logsOf(made) {
    const logs = [];
    for (const build of [builds.former, builds.latter]) {
      const log = await runs[made.kind](build, made);
      logs.push(withTimers ? log : log.filter((line) => !/^due: /.test(line)).map((line) => String(line).replace(/ due: .*/, "")));
    }
    return logs;
  }

  async function fails(made) {
    try {
      return !(await isSame(made)) && !(await isExcepted(made));
    } catch {
      // What the harness itself does not take is no case.
      return false;
    }
  }

  async function isExcepted(made) {
    if (except === undefined) return false;
    const [former, latter] = await logsOf(made);
    return difference(former, latter) !== -1 && except.test(`${source(made)}\n${explain(former, latter)}`);
  }

  async function found(made) {
    console.log(explain(...(await logsOf(made))));
    const smallest = await shrink(made, fails);
    console.log(`\nAt its smallest, for --replay:\n${source(smallest)}\n${explain(...(await logsOf(smallest)))}`);
    return false;
  }

  /** Shows the log of a case; undefined if the builds differ in it. */
  async function compare(made) {
    const [former, latter] = await logsOf(made);
    console.log(source(made));
    for (const line of former) console.log(`  ${typeof line === "string" ? line : show(line)}`);
    return difference(former, latter) === -1 ? true : undefined;
  }

  function report(made) {
    console.log("");
    return found(made);
  }
}

const former = [];
const latter = [];

function plain(made) {
  return made.kind === undefined ? plainBody(made) : made;
}

function runBodyOf(build, made) {
  const log = [];
  const body = bodyOf(made);
  runBody(parserOf(build, body), body, log);
  return log;
}

const WITH_RECORDS = /^(ndjson|json-seq|json-array|concat)$/;

/** JSON formats may have an entry of their own, and so has `auto` where it finds one. */
function parserOf({ createParser, createRecordParser }, { how, options = {} }) {
  return how?.isRecords || WITH_RECORDS.test(options.format) ? createRecordParser : createParser;
}
