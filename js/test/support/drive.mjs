// One body through the core, in the order in which its rows stand.
import "./core.mjs";
import { CoreParser } from "../../dist/parser.js";
import { Notice } from "../../dist/items.js";
import { RecordReader } from "../../dist/records.js";
import { Machine } from "../../dist/machine.js";
import { play } from "./play.mjs";
import { lineOf, lineOfNotice, push } from "./rows.mjs";

/** Through a bare decoder. */
export function decode(format, options, pieces) {
  const lines = [];
  const noted = (hook) => (value) => push(lines, lineOfNotice({ hook, value }));
  const hooks = Object.fromEntries(["onComment", "onRetry", "onError"].map((hook) => [hook, noted(hook)]));
  const parser = new CoreParser({ format, ...options, onEvent: (item) => push(lines, lineOf(item)), ...hooks }, RecordReader);
  const end = {};
  try {
    for (const piece of pieces) parser.push(piece);
    parser.end();
    if (parser.insideRecord) end.inside_record = true;
  } catch (error) {
    Object.assign(end, { error: error.code, offset: error.offset });
    if (error.limit !== undefined) end.limit = error.limit;
    parser.free();
  }
  return { lines, end, lastEventId: parser.lastEventId };
}

/** One reply, to a request that is not sent again, through a stream's machine. */
export function drive(options, { contentType = null, sniff = false, broken = false }, pieces) {
  const machine = new Machine({ ...options, sniff });
  const reader = new RecordReader(options.maxEventBytes ?? 16 * 1024 * 1024);
  const lines = [];
  play(machine, { contentType, broken }, pieces, () => {
    for (const next of reader.read(machine.rows())) push(lines, next instanceof Notice ? lineOfNotice(next) : lineOf(next));
  });
  const cursor = machine.cursor();
  const outcome = machine.outcome(undefined);
  machine.free();
  return { lines, outcome: { ...outcome, ...(cursor === undefined ? {} : { cursor }) } };
}
