// The rows of tests/cases/llm_*.json, which every language reads, whole and at every cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, drive, lineOfDelta, lineOfMessage, llm, replies } from "./support/llm.mjs";
import { cuttings } from "./support/rows.mjs";

const rows = replies();
const isGood = (outcome) => outcome === "complete" || outcome === "ended";

test("there are all of them", () => {
  assert.ok(rows.length >= 190, `${rows.length} rows`);
});

for (const row of rows) {
  const title = `${row.file}: ${row.name}`;
  const body = bodyOf(row);
  test(`${title}: at every cut`, () => {
    for (const pieces of cuttings(body)) {
      const read = drive(row.dialect, { contentType: row.content_type, broken: row.broken }, pieces);
      check(row, read, `${pieces.length} pieces, the first of ${pieces[0]?.length} bytes`);
    }
  });
  test(`${title}: as who imports it reads it`, async () => {
    const lines = [];
    const headers = { "content-type": row.content_type };
    const reply = llm.deltas(new Response(streamOf(body, row.broken), { headers }), {
      dialect: row.dialect,
      onError: ({ code, offset }) => lines.push({ type: "error", code, offset }),
    });
    let thrown;
    try {
      for await (const delta of reply) lines.push(lineOfDelta(delta));
    } catch (error) {
      thrown = error;
    }
    const outcome = await reply.outcome;
    assert.equal(thrown?.code, isGood(outcome.outcome) ? undefined : outcome.outcome);
    const message = await reply.message.catch((error) => {
      assert.equal(error.code, thrown.code);
      assert.equal(error.message, thrown.message);
    });
    // Of what is not whole the message is as far as it was read.
    if (message !== undefined) check(row, { lines, message: lineOfMessage(message), outcome }, "whole");
    else check({ ...row, message: undefined }, { lines, outcome }, "whole");
  });
}

test("auto reads a row as its own dialect does", () => {
  let picked = 0;
  for (const row of rows.filter(({ auto }) => auto !== undefined)) {
    const given = { contentType: row.content_type, broken: row.broken };
    const read = drive("auto", given, [bodyOf(row)]);
    assert.equal(read.message.dialect, row.auto, `${row.file}: ${row.name}`);
    picked++;
    if (row.auto === row.dialect) assert.deepEqual(read, drive(row.dialect, given, [bodyOf(row)]), `${row.file}: ${row.name}`);
  }
  assert.ok(picked >= 25, `${picked}`);
});

function check(row, { lines, message, outcome }, place) {
  const deltas = lines.filter(({ type }) => type === "delta");
  const bad = lines.filter(({ type }) => type === "error");
  if (row.lines !== undefined) assert.deepEqual(deltas, row.lines, place);
  if (row.message !== undefined) {
    const { dialect, ...rest } = message;
    assert.equal(dialect, row.dialect.replace(/:.*/, ""), place);
    assert.deepEqual(rest, row.message, place);
  }
  // In the other formats the framing passes over what is no JSON.
  if (row.content_type === "text/event-stream") assert.equal(bad.length, row.bad_records ?? 0, place);
  for (const { code } of bad) assert.equal(code, "bad_record");
  assert.equal(outcome.outcome, row.outcome, place);
  if (row.error !== undefined) assert.equal(outcome.error, row.error, place);
}

function streamOf(body, broken) {
  const pieces = [body];
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (broken) controller.error(new Error("reset"));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}
