// Compares two builds of the package: the same random bodies and streams through both, and everything that a user can observe of them.
//
//   node test/differential/index.mjs --former DIR/dist
//
//   --former DIR, --latter DIR    the builds; the latter is js/dist by default
//   --bodies N                    through createParser; 2,000,000 by default
//   --calls N                     streams in virtual time; 200,000 by default
//   --sources N                   EventSources; 20,000 by default
//   --seed N                      another one is another campaign; 1 by default
//   --minutes N                   stops earlier, after a share of each
//   --only KIND:N                 the one case of this number (body:17, stream:3, source:5) with its log
//   --except PATTERN              goes on after a difference whose case, or whose lines as they are printed, match: what was changed on purpose
//   --replay FILE                 a case as it was printed, with its log
//   --former-entry FILE           what is compared, within the build: index.js by default, as the ones that follow; also slim.js and js.js
//   --latter-entry FILE
//   --former-records FILE         the entry whose createParser has the JSON formats; the same by default
//   --latter-records FILE
//   --former-source FILE          the entry that has EventSource; eventsource.js by default
//   --latter-source FILE
//   --without-records             leaves the JSON formats out
//   --without-buffer              as in a browser, whose tables are UTF-8: run it both ways
//   --without-timers              does not compare when the timers of a build are due, only what they do
//
// At the first difference it prints a case that is as small as it can make it, and exits with 1. The build before the change is made once
// and kept outside the repository; a build compared with itself proves nothing but that the runs are deterministic.
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load, warmUp } from "./builds.mjs";
import { campaign } from "./campaign.mjs";
import { Clock } from "./clock.mjs";

const TEXTS = [
  "former", "latter", "bodies", "calls", "sources", "seed", "minutes", "only", "except", "replay", "former-entry", "latter-entry",
  "former-records", "latter-records", "former-source", "latter-source",
];
const FLAGS = ["without-records", "without-buffer", "without-timers"];
const texts = TEXTS.map((name) => [name, { type: "string" }]);
const flags = FLAGS.map((name) => [name, { type: "boolean", default: false }]);
const { values } = parseArgs({ options: Object.fromEntries([...texts, ...flags]) });
if (values.former === undefined) throw new Error("--former DIR: which build is the one to compare with?");

// Stacks differ, and take most of the time of an error.
Error.stackTraceLimit = 0;
setMaxListeners(0);

const { Buffer } = globalThis;
if (values["without-buffer"]) globalThis.Buffer = undefined;
const sides = { former: values.former, latter: values.latter ?? fileURLToPath(new URL("../../dist/", import.meta.url)) };
const builds = {};
for (const [side, folder] of Object.entries(sides)) {
  const [entry, records, source] = ["entry", "records", "source"].map((what) => values[`${side}-${what}`]);
  builds[side] = await load(folder, { entry: entry ?? "index.js", records, source: source ?? "eventsource.js" });
}
globalThis.Buffer = Buffer;
if (!values["without-records"]) for (const build of Object.values(builds)) await warmUp(build);

const number = (name, otherwise) => {
  const given = Number(values[name] ?? otherwise);
  if (!(given >= 0)) throw new Error(`--${name}: ${values[name]} is not a number`);
  return given;
};
const clock = new Clock();
const isSame = await campaign(builds, clock, {
  seed: number("seed", 1),
  counts: { body: number("bodies", 2_000_000), stream: number("calls", 200_000), source: number("sources", 20_000) },
  minutes: number("minutes", Infinity),
  only: values.only?.split(":"),
  except: values.except && new RegExp(values.except),
  replay: values.replay && JSON.parse(readFileSync(values.replay, "utf8")),
  withRecords: !values["without-records"],
  withTimers: !values["without-timers"],
});
process.exitCode = isSame ? 0 : 1;
