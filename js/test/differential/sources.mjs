// `EventSource` over the network of a case, in virtual time.
import { makeAnswers } from "./answers.mjs";
import { settle } from "./clock.mjs";
import { describe, show } from "./describe.mjs";
import { Network } from "./network.mjs";
import { Random, weighted } from "./random.mjs";
import { watchUnhandled } from "./unhandled.mjs";

const URLS = weighted([
  [12, "http://a.invalid/events"], [1, "http://a.invalid/a?b#c"], [1, "relative"], [1, "ftp://a.invalid/"], [1, "http://u:p@a.invalid/"],
]);
const TYPES = ["message", "tick", "ping", "done", "end", "error2"];
const STEPS = weighted([
  [10, (random) => ["wait", random.one([0, 1, 50, 99, 100, 700, 2999, 3000, 3001, 6000, 31000, 70000])]],
  [6, () => ["timer"]],
  [1, (random) => ["sleep", random.one([201, 5000, 400000])]],
  [1, () => ["close"]],
  [1, (random) => ["listen", random.one(TYPES)]],
]);
const WRONG = [{ retryDelay: -1 }, { retryAttempts: -1 }, { retryDelay: "x" }, { method: "TRACE" }, { headers: { "x y": "1" } }];
const LAST_TIMERS = 25;

/** The case of this number. */
export function makeSource(seed, number) {
  const random = new Random(seed, 3, number);
  const options = {};
  if (random.percent(20)) options.lastEventId = random.one(["7", "世", "", "a\nb"]);
  if (random.percent(40)) options.retryDelay = random.one([0, 1, 100, 1000, 40000, 1e300]);
  if (random.percent(40)) options.retryAttempts = random.below(5);
  if (random.percent(20)) options.withCredentials = random.percent(70);
  if (random.percent(15)) options.method = random.one(["POST", "GET", "PUT"]);
  if (random.percent(15) && !/GET/.test(options.method)) options.json = { a: 1 };
  if (random.percent(10)) options.headers = { "x-a": "1" };
  if (random.percent(10)) options.query = { q: "1" };
  if (random.percent(1.5)) Object.assign(options, random.one(WRONG));
  const made = { kind: "source", chance: random.word(), now: random.below(2 ** 30) / 8, url: random.one(URLS), options };
  made.listens = TYPES.filter(() => random.percent(70));
  if (random.percent(8)) made.closesAt = random.below(6);
  made.answers = makeAnswers(random, "sse");
  made.steps = Array.from({ length: random.below(10) }, () => random.one(STEPS)(random));
  return made;
}

/** What an `EventSource` of one build does in this case. */
export async function runSource(EventSource, made, clock) {
  const { chance = 0, now = 0, url = "", options = {}, listens = [], closesAt, answers = [], steps = [] } = made;
  const log = [];
  const say = (line) => log.push(line);
  const stopWatching = watchUnhandled(say);
  clock.reset(chance, now);
  const network = new Network(answers, clock, say);
  try {
    const source = new EventSource(url, { ...options, fetch: network.fetch, onAttempt: (attempt) => say(`onAttempt ${show(attempt)}`) });
    let events = 0;
    const heard = ({ type, data, origin, lastEventId, error }) => {
      say(`${type} ${show([data, origin, lastEventId])} ${error === undefined ? "" : describe(error)} in state ${source.readyState}`);
      if (events++ === closesAt) source.close();
    };
    for (const type of listens) source.addEventListener(type, heard);
    for (const type of ["onopen", "onmessage", "onerror"]) source[type] = heard;
    const look = () => say(`${source.readyState} ${source.url} ${source.withCredentials} due: ${clock.due}`);
    const toNextTimer = () => clock.advance(clock.next === Infinity ? 0 : Math.max(0, clock.next - clock.now));
    await settle();
    for (const [what, given] of steps) {
      if (source.readyState === 2) break;
      say(`> ${what} ${given}`);
      if (what === "wait") await clock.advance(given);
      else if (what === "timer") await toNextTimer();
      else if (what === "sleep") clock.sleep(given);
      else if (what === "close") source.close();
      else source.addEventListener(given, heard);
      await settle();
      look();
    }
    for (let timers = 0; timers < LAST_TIMERS && source.readyState !== 2 && clock.next < Infinity; timers++) {
      await toNextTimer();
      look();
    }
    source.close();
    await settle();
    look();
  } catch (error) {
    say(`threw ${describe(error)}`);
  } finally {
    stopWatching();
  }
  return log;
}
