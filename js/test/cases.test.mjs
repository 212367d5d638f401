// The case tables that Rust reads, through WebAssembly: the same events, errors and outcomes under every cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfEvents, tidewire } from "./support/core.mjs";
import { decode, drive } from "./support/drive.mjs";
import { bodies, cuttings, lineOf, lineOfNotice, options, push, rows, wire } from "./support/rows.mjs";

const { parse } = tidewire;

const DECODERS = {
  sse: "sse.json",
  text: "text.json",
  ndjson: "json_ndjson.json",
  "json-seq": "json_seq.json",
  "json-array": "json_array.json",
  concat: "json_concat.json",
};

/** `[DONE]` in place of a record is a matter of streams here: a parser has no such option. The core of events has two formats. */
const isRead = (format, row) => !row.options?.done && (!isOfEvents || ["sse", "text"].includes(format));

for (const [format, file] of Object.entries(DECODERS)) {
  test(`decoder: ${file}`, async (t) => {
    const table = rows(file);
    assert.ok(table.length > 20, `${table.length} rows`);
    for (const row of table.filter((row) => isRead(format, row))) {
      await t.test(row.name, () => {
        const want = { lines: wanted(row), end: row.end ?? {}, lastEventId: row.last_event_id ?? "" };
        for (const body of bodies(row)) {
          for (const pieces of cuttings(body)) {
            const have = decode(format, options(row), pieces);
            assert.deepEqual(have, want, shown(pieces));
          }
        }
      });
    }
  });
}

test("streams: stream.json", { skip: isOfEvents }, async (t) => {
  const table = rows("stream.json");
  assert.ok(table.length >= 40, `${table.length} rows`);
  for (const row of table) {
    await t.test(row.name, async () => {
      const given = streamOptions(row);
      for (const pieces of cuttings(wire(row))) {
        const have = drive(given, { contentType: row.content_type ?? null, broken: row.broken }, pieces);
        assert.deepEqual(have.lines, row.lines, shown(pieces));
        compareEnd(row.end, have.outcome, shown(pieces));
      }
      for (const pieces of [[wire(row)], Array.from(wire(row), (byte) => Uint8Array.of(byte))]) await throughParse(row, given, pieces);
    });
  }
});

/** The same through the public surface. Comments are told as they are read, so their place among the items is not compared. */
async function throughParse(row, given, pieces) {
  const headers = row.content_type === undefined ? {} : { "content-type": row.content_type };
  const body = new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (row.broken) controller.error(new Error("reset"));
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const items = [];
  const told = [];
  const s = parse(new Response(body, { headers }), {
    ...given,
    onComment: (comment) => told.push({ type: "comment", comment }),
    onRetry: (ms) => told.push({ type: "retry", ms }),
    onError: (value) => told.push(lineOfNotice({ hook: "onError", value })),
    onGap: (after) => told.push({ type: "gap", after }),
  });
  let thrown;
  try {
    for await (const item of s) push(items, lineOf(item));
  } catch (error) {
    thrown = error;
  }
  const isItem = ({ type }) => ["event", "record", "text"].includes(type);
  assert.deepEqual(items, row.lines.filter(isItem));
  assert.deepEqual(told, row.lines.filter((line) => !isItem(line)));
  const outcome = await s.outcome;
  assert.equal(outcome.outcome, row.end.outcome);
  assert.equal(thrown?.code, ["complete", "ended"].includes(outcome.outcome) ? undefined : outcome.outcome);
}

function streamOptions(row) {
  const given = { ...options(row) };
  const names = { format: "format", end_on: "endOn", fail_on: "failOn", heartbeat_on: "heartbeatOn", follow: "follow", last_event_id: "lastEventId" };
  for (const [key, name] of Object.entries(names)) if (row[key] !== undefined) given[name] = row[key];
  return given;
}

/** What is given must be so; bytes and events may be left out, the others must then be absent. */
function compareEnd(want, have, message) {
  assert.equal(have.outcome, want.outcome, message);
  for (const key of ["events", "bytes"]) if (want[key] !== undefined) assert.equal(have[key], want[key], `${key}: ${message}`);
  for (const key of ["cursor", "offset", "limit"]) assert.equal(have[key], want[key], `${key}: ${message}`);
}

function wanted(row) {
  const lines = [];
  for (const line of row.lines) push(lines, line);
  return lines;
}

function shown(pieces) {
  return pieces.map((piece) => JSON.stringify(Buffer.from(piece).toString("latin1"))).join(" | ");
}
