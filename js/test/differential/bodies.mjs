// Bodies through `createParser`: what each callback is given, what is thrown, and what the parser says after each push.
import { describe } from "./describe.mjs";
import { writeRecords } from "./json.mjs";
import { Body, writeEvents } from "./lines.mjs";
import { Random, weighted } from "./random.mjs";

const LIMITS = weighted([[5, undefined], [2, 1], [1, 2]]);
const FORMATS = weighted([[12, "sse"], [3, undefined], [4, "auto"], [1, "text"]]);
const IDS = weighted([[12, undefined], [1, ""], [2, "7"], [1, "世"], [1, "a\nb"], [1, "\0"]]);
const WRONG = [
  { format: "xml" }, { format: "" }, { maxEventBytes: -1 }, { maxEventBytes: "x" }, { maxEventBytes: 0 }, { maxEventBytes: 1.5 },
  { maxEventBytes: 2 ** 33 }, { maxEventBytes: 1e300 },
];

const scratch = new Body();

/** One in so many bodies has JSON values. */
const RECORDS = 10;

/** The case of this number: a body, where it is cut, and how it is read. The body is overwritten by the next one. */
export function makeBody(seed, number, withRecords = true) {
  const random = new Random(seed, 1, number);
  scratch.clear();
  const options = {};
  const isRecords = withRecords && random.below(RECORDS) === 0;
  const limit = random.one(LIMITS);
  if (limit) options.maxEventBytes = 3 + random.below(limit === 2 ? 300 : random.percent(50) ? 12 : 62);
  if (isRecords) {
    const format = writeRecords(scratch, random);
    options.format = random.percent(75) ? format : random.percent(70) ? "auto" : undefined;
  } else {
    writeEvents(scratch, random, limit === 1);
    options.format = random.one(FORMATS);
  }
  if (random.percent(limit ? 50 : 10)) options.skipOversized = random.percent(90);
  if (random.percent(30)) options.deliverUnterminated = random.percent(90);
  options.lastEventId = random.one(IDS);
  if (random.below(1000) === 0) Object.assign(options, random.one(WRONG));
  for (const key of Object.keys(options)) if (options[key] === undefined) delete options[key];
  const hooks = ["onError", "onComment", "onRetry"].filter(() => random.percent(65));
  const how = { hooks, ...(isRecords && { isRecords }), end: random.percent(85) ? "end" : random.percent(50) ? "free" : "push" };
  // Which callbacks throw, and which ask the parser something.
  if (random.percent(6)) how.throws = Array.from({ length: 1 + random.below(4) }, () => random.below(8));
  if (random.percent(6)) how.asks = 1 + random.below(3);
  return { body: scratch.bytes.subarray(0, scratch.length), marks: scratch.marks, cuts: cutsOf(scratch.length, random), options, how };
}

function cutsOf(length, random) {
  const cuts = [];
  const way = random.below(10);
  if (way < 2) return cuts;
  if (way < 5 || length > 20_000) {
    for (let count = 1 + random.below(4); count > 0; count--) cuts.push(random.below(length + 1));
  } else {
    // Single bytes, pieces of a few, and now and then an empty one or a long one.
    const most = way < 7 ? 1 : random.one([2, 5, 12, 40]);
    for (let at = 0; at < length; at += random.percent(3) ? random.below(100) : random.percent(2) ? 0 : 1 + random.below(most)) cuts.push(at);
  }
  return cuts.sort((a, b) => a - b);
}

const ENDLESS = 64;

/** Feeds the pieces to a build's parser. The log is a flat list of values, cheap to compare. */
export function runBody(createParser, made, log) {
  try {
    feed(createParser, made, log);
  } catch (error) {
    // A core that broke down.
    log.push("broke", describe(error));
  }
}

function feed(createParser, { body, cuts, options = {}, how = {} }, log) {
  let calls = 0;
  let parser;
  const called = (hook) => (given) => {
    log.push(hook);
    if (hook === "onError") log.push(describe(given));
    else if (typeof given !== "object") log.push(given);
    else for (const key in given) log.push(key, typeof given[key] === "object" ? JSON.stringify(given[key]) : given[key]);
    const number = calls++;
    if (how.asks !== undefined) ask(parser, how.asks + number, log);
    if (how.throws?.includes(number)) throw new Error(`thrown ${number}`);
  };
  const attempt = (name, call) => {
    try {
      call();
      return true;
    } catch (error) {
      log.push(name, describe(error));
      return false;
    }
  };
  const hooks = { onEvent: called("onEvent") };
  for (const hook of how.hooks ?? []) hooks[hook] = called(hook);
  if (!attempt("createParser", () => (parser = createParser({ ...options, ...hooks })))) return;
  let from = 0;
  for (let at = 0; at <= cuts.length; at++) {
    const to = at < cuts.length ? Math.min(cuts[at], body.length) : body.length;
    const piece = body.subarray(from, to);
    from = to;
    try {
      parser.push(piece);
    } catch (error) {
      log.push("push", describe(error));
    }
    log.push(parser.lastEventId, parser.insideRecord);
  }
  if (how.end !== "free") {
    // What a handler threw is thrown by each call; those that follow go on after it.
    for (let tries = 0; tries < ENDLESS && !attempt("end", () => parser.end()); tries++) log.push(parser.lastEventId, parser.insideRecord);
    log.push(parser.lastEventId, parser.insideRecord);
  }
  if (how.end === "push") attempt("push after the end", () => parser.push(body));
  parser.free();
  log.push(parser.lastEventId, parser.insideRecord);
}

const MORE = Uint8Array.of(0x0a);

/** What a handler may ask, and what it may not. */
function ask(parser, number, log) {
  try {
    if (number % 4 === 0) parser.push(MORE);
    else if (number % 16 === 1) parser.free();
    else if (number % 16 === 5) parser.end();
    else log.push("asked", parser.lastEventId, parser.insideRecord);
  } catch (error) {
    log.push("asked", describe(error));
  }
}

/** A case as plain data: parts of the body as Latin-1, and null for a cut. */
export function plainBody({ body, marks, cuts, options, how }) {
  const text = Buffer.from(body).toString("latin1");
  const parts = [];
  const places = [...new Set([...marks, ...cuts, text.length])].sort((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    if (place > from) parts.push(text.slice(from, place));
    from = Math.max(from, place);
    for (const cut of cuts) if (cut === place) parts.push(null);
  }
  return { kind: "body", parts, options, how };
}

/** The case that plain data say. */
export function bodyOf({ parts = [], options, how }) {
  const cuts = [];
  let text = "";
  for (const part of parts) {
    if (part === null) cuts.push(text.length);
    else text += part;
  }
  return { body: new Uint8Array(Buffer.from(text, "latin1")), marks: [], cuts, options, how };
}
