// The text of an XMLHttpRequest read as bytes. Each row is what the text was at each look; `end` is how it ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import { GrowingText } from "../dist/growing-text.js";

const LIMIT = 1000;
const grown = (text) => Array.from({ length: text.length + 1 }, (_, length) => text.slice(0, length));

/** [what, the looks, the bytes as text, more: { limit, wanted, error }]; `error` is what the last read throws. */
const ROWS = [
  ["nothing", [], ""],
  ["one look", ["data: a\n\n"], "data: a\n\n"],
  ["unit by unit", grown("a\u00e9\u4e16\u{1f30a}b\u{1f30a}"), "a\u00e9\u4e16\u{1f30a}b\u{1f30a}"],
  ["the same text twice", ["ab", "ab", "abc"], "abc"],
  ["a host that drops its text", ["ab", "", "abc"], "abc"],
  ["a pair in two looks", ["a\ud83c", "a\u{1f30a}", "a\u{1f30a}b"], "a\u{1f30a}b"],
  ["a character that was shown unfinished", ["a\ufffd", "a\u4e16", "a\u4e16b"], "a\u4e16b"],
  ["one shown unfinished that becomes a pair", ["a\ufffd", "a\u{1f30a}"], "a\u{1f30a}"],
  ["a replacement that was meant", ["a\ufffd", "a\ufffdb"], "a\ufffdb"],
  ["one at the end", ["a\ufffd"], "a\ufffd"],
  ["half a pair at the end", ["a\ud83c"], "a\ufffd"],
  ["a byte order mark, from a host that keeps it", ["\ufeffa"], "\ufeffa"],
  ["as long as it must be", ["\u4e16"], "\u4e16", { wanted: 3 }],
  ["longer than it must be", ["\u4e16"], "\u4e16", { wanted: 2 }],
  ["too short", ["\u4e16"], "\u4e16", { wanted: 4, error: /broke: 1 bytes/ }],
  ["short by a mark that was taken", ["\u4e16"], "\u4e16", { wanted: 6 }],
  ["at the limit", ["abcd"], "abcd", { limit: 4 }],
  ["beyond it", ["abcde"], "abcd", { limit: 4, error: "unreadable" }],
  ["beyond it in bytes", ["a", "a\u4e16", "a\u4e16\u4e16"], "a\u4e16", { limit: 4, error: "unreadable" }],
  ["beyond it inside a character", ["abc\u4e16"], "abc\ufffd", { limit: 4, error: "unreadable" }],
  ["beyond it by one long look", ["x".repeat(300_000)], "x".repeat(200_000), { limit: 200_000, error: "unreadable" }],
  ["long, with a pair across two pieces", ["x".repeat(65_535) + "\u{1f30a}y"], "x".repeat(65_535) + "\u{1f30a}y", { limit: 100_000 }],
];

async function readAll(text) {
  const chunks = [];
  try {
    for (let read; !(read = await text.read()).done; ) chunks.push(read.value);
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
  return { bytes: Buffer.concat(chunks) };
}

function check({ bytes, error }, [what, , want, more = {}]) {
  assert.equal(bytes.toString(), want, what);
  if (more.error === undefined) assert.equal(error, undefined, what);
  else if (typeof more.error === "string") assert.deepEqual([error.code, error.limit], [more.error, more.limit], what);
  else assert.match(error.message, more.error, what);
}

const make = ({ limit = LIMIT } = {}) => {
  let full = 0;
  const text = new GrowingText(limit, () => full++);
  return [text, () => full];
};

for (const row of ROWS) {
  const [what, looks, , more = {}] = row;
  const end = (text) => text.ended(looks.at(-1) ?? "", more.wanted ?? 0);
  test(`${what}: read while it grows`, async () => {
    const [text, full] = make(more);
    const read = readAll(text);
    for (const look of looks) {
      text.grew(look);
      await new Promise(setImmediate);
    }
    end(text);
    check(await read, row);
    assert.equal(full() > 0, more.error === "unreadable", "the request is ended at the limit, and only there");
  });
  test(`${what}: read at the end`, async () => {
    const [text] = make(more);
    for (const look of looks) text.grew(look);
    end(text);
    check(await readAll(text), row);
  });
}

test("what had come before it broke is read first", async () => {
  const [text] = make();
  text.grew("data: a\n\n");
  text.broke(new Error("gone"));
  text.grew("data: a\n\nan error's words");
  text.ended("more", 0);
  const { bytes, error } = await readAll(text);
  assert.deepEqual([bytes.toString(), error.message], ["data: a\n\n", "gone"]);
});

test("nobody reads: the limit holds all the same", async () => {
  const [text, full] = make({ limit: 10 });
  text.grew("x".repeat(10));
  assert.equal(full(), 0);
  text.grew("x".repeat(11));
  assert.equal(full(), 1);
  text.grew("x".repeat(20));
  const { bytes, error } = await readAll(text);
  assert.deepEqual([bytes.length, error.code], [10, "unreadable"]);
});
