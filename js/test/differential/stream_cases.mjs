// Random streams as plain data: options, hooks, the answers of a server, and what the caller does when.
import { makeAnswers } from "./answers.mjs";
import { Random, weighted } from "./random.mjs";

const FORMATS = weighted([[16, "sse"], [3, "ndjson"], [1, "json-seq"], [1, "json-array"], [1, "concat"], [2, "text"]]);
const HEARTBEATS = ["event:ping", "event:ping", "event:tick", "ping", "json:type=ping"];
const MARKERS = [
  "[DONE]", "done", "event:done", "event:ping", "event:error", "event:end", "event:tick", "json:type=end", "json:type=ping",
  "json:type=error", "ping", "json:meta.seq=3", "json:seq=4",
];
const LIMITS = [1, 40, 250, 1000, 1000, 5000, 5000, 20000, 20000, 90000, 90000, 0, 0.5, 1e300];
const WRONG = [
  { endOn: "json:" }, { failOn: ["[DONE]", "event:"] }, { heartbeatOn: "" }, { format: "xml" },
  { retryAttempts: -1 }, { retryDelay: "x" }, { timeout: -5 }, { resume: "sometimes" }, { cursor: "" },
  { cursor: "a..b" }, { maxEventBytes: -1 }, { refresh: "token" },
  { headers: { "x y": "1" } }, { lastEventId: "世\n" }, { stallAfter: -1 }, { follow: "yes" }, { dedupe: -1 }, { method: "TRACE" }, { fetch: 1 },
];
/** An object is what a function returns. */
const RESUMES = [
  "auto", "always", "never", { url: "http://a.invalid/onward" }, { headers: { "x-after": "1" } }, { method: "PUT", body: "b" }, { throws: true }, {},
];
const HOOKS = ["onComment", "onRetry", "onError", "onGap", "onReplayed", "onStall", "onAttempt"];
const CALLS = ["pause", "resume", "close", "reconnect", "check", "next", "return", "abort"];

/** The case of this number. */
export function makeStream(seed, number, withRecords = true) {
  const random = new Random(seed, 2, number);
  let format = random.one(FORMATS);
  if (!withRecords && format !== "text") format = "sse";
  const now = random.percent(50) ? 1000 : random.below(2 ** 30) / 8;
  const made = { kind: "stream", chance: random.word(), now, options: optionsOf(random, format) };
  if (random.percent(10)) made.parse = random.one(["response", "body"]);
  else if (random.percent(6)) made.client = clientOf(random);
  if (random.percent(4)) made.page = true;
  made.hooks = hooksOf(random);
  made.answers = makeAnswers(random, format);
  if (made.options.refresh && random.percent(70)) {
    made.answers.splice(random.below(made.answers.length), 0, { status: 401, headers: {}, pieces: [[0, "expired"]] });
  }
  made.steps = stepsOf(random, made);
  return made;
}

function optionsOf(random, format) {
  const options = {};
  const isTidy = random.percent(50);
  const set = (share, key, value) => {
    if (random.percent(share)) options[key] = value();
  };
  const marker = (markers = MARKERS) => {
    if (random.percent(60)) return random.one(markers);
    return random.percent(20) ? [] : [random.one(markers), random.one(markers)];
  };
  const json = () => random.one([{}, { a: 1 }, { prompt: "世" }, [], null]);
  if (random.percent(isTidy ? 4 : 15)) options.format = random.percent(70) ? format : random.one(["auto", "sse", "text", "ndjson"]);
  set(isTidy ? 8 : 20, "endOn", () => marker());
  set(isTidy ? 4 : 12, "failOn", () => marker());
  set(18, "heartbeatOn", () => marker(HEARTBEATS));
  set(15, "lastEventId", () => random.one(["7", "e1-2", "世", "", "1", "a\nb", "\0"]));
  set(format === "sse" ? 5 : 40, "cursor", () => random.one(["seq", "seq", "meta.seq", "type", "none"]));
  set(isTidy ? 5 : 15, "maxEventBytes", () => 8 + random.below(200));
  set("maxEventBytes" in options ? 50 : 5, "skipOversized", () => random.percent(85));
  set(20, "deliverUnterminated", () => random.percent(85));
  set(20, "follow", () => random.percent(90));
  set(15, "idempotent", () => random.percent(90));
  set(20, "dedupe", () => random.percent(90));
  set(35, "method", () => random.one(["POST", "POST", "GET", "PUT", "get", "HEAD", "DELETE"]));
  if (options.method === undefined || !/^(get|head)$/i.test(options.method)) set(30, "json", json);
  set(30, "resume", () => random.one(RESUMES));
  set(35, "retryAttempts", () => random.below(5));
  set(50, "retryDelay", () => random.one([0, 1, 100, 1000, 1000, 40000, 33.3]));
  for (const key of ["timeout", "firstEventTimeout", "idleTimeout", "progressTimeout", "stallAfter"]) {
    set(isTidy ? 5 : 15, key, () => random.one(LIMITS));
  }
  set(15, "refresh", () => random.one(["done", "done", "later", "throws", "rejects", "never"]));
  set(15, "headers", () => random.one([{ "x-a": "1" }, { authorization: "Bearer k" }, "function", "rejects", "later"]));
  set(6, "idempotencyKey", () => "key");
  set(5, "query", () => ({ q: "a b", n: 1 }));
  set(3, "url", () => random.one(["function", "function", "request", "relative", "ftp://a.invalid/", "http://u:p@a.invalid/"]));
  set(3, "body", () => random.one(["text", "function", "stream"]));
  set(12, "signal", () => (random.percent(85) ? "given" : "aborted"));
  if (random.percent(1.5)) Object.assign(options, random.one(WRONG));
  return options;
}

/** Options of a client; `holds` is how long another stream of it keeps a slot. */
function clientOf(random) {
  const client = { baseUrl: random.one(["http://a.invalid/", "http://a.invalid/v1", "http://b.invalid"]) };
  if (random.percent(60)) Object.assign(client, { maxConcurrent: 1, holds: random.one([0, 10, 500, 1000, 5000]) });
  if (random.percent(50)) client.queueTimeout = random.one([0, 400, 1000, 1e300]);
  if (random.percent(40)) client.headers = { "x-client": "1", authorization: "Bearer c" };
  if (random.percent(20)) client.credentials = "include";
  if (random.percent(20)) client.retryDelay = 10;
  return client;
}

/** Most hooks only look; some throw at a call, some call the stream. */
function hooksOf(random) {
  const hooks = {};
  for (const hook of HOOKS) {
    if (!random.percent(65)) continue;
    hooks[hook] = random.percent(92) ? {} : { at: random.below(3), do: random.percent(50) ? "throw" : random.one(CALLS) };
  }
  return hooks;
}

const STEPS = weighted([
  [20, (random) => ["next", 1 + random.below(random.percent(80) ? 2 : 5)]],
  [14, (random) => ["read", 1 + random.below(12)]],
  [6, (random) => ["loop", 1 + random.below(12)]],
  [24, (random) => ["wait", random.one([0, 1, 40, 50, 250, 250, 500, 750, 999, 1000, 1000, 1001, 2500, 5000, 15000, 30000, 31000, 61000, 0.25])]],
  [4, () => ["timer"]],
  [4, (random) => ["sleep", random.one([100, 200, 200.5, 900, 5000, 20000, 400000])]],
  [5, () => ["pause"]],
  [5, () => ["resume"]],
  [1, () => ["close"]],
  [1, () => ["return"]],
  [4, () => ["reconnect"]],
  [5, (random) => ["check", random.one([undefined, 0, 500, 5000, 14999, 15000, 20000, 1e7, 1e300])]],
  [1, () => ["check", -1]],
  [1, () => ["drain"]],
  [2, (random) => ["batches", 1 + random.below(4)]],
  [1, () => ["abort"]],
]);
const PAGE = ["online", "hide", "show", "pageshow"];

function stepsOf(random, { page }) {
  const steps = [];
  // Who does not read sees nothing.
  if (random.percent(75)) steps.push(random.percent(60) ? ["read", 1 + random.below(20)] : ["next", 1]);
  for (let count = random.below(random.percent(70) ? 10 : 30); count > 0; count--) {
    steps.push(page && random.percent(25) ? ["page", random.one(PAGE)] : random.one(STEPS)(random));
  }
  return steps;
}
