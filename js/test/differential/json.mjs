// Random bodies of JSON values, good and bad, in every format that has them.
import { weighted } from "./random.mjs";

const utf8 = (text) => new Uint8Array(Buffer.from(text));
const bytes = (text) => new Uint8Array(Buffer.from(text, "latin1"));

const GOOD = [
  "1", "-0", "1.5e10", "true", "false", "null",
  '"a"', '""', '"世界"', '"\\u4e16\\n"', '"\\ud83d"', "{}", "[]", '{"a":1}', '{"a":{"b":[1,2,{"c":"]}"}]}}', '[1,[2,[3]]]',
  '{"type":"end"}', '{"seq":3}', '{"a":"\\"}"}', ' {"a" : 1 } ', '{"a":1,"a":2}', "123456789012345678901234567890",
  '"😀"', `"${"x".repeat(70)}"`, '{"__proto__":1}',
].map(utf8);
const BAD = [
  "{", "}", "[", "]", '{"a":}', "{a:1}", "'a'", "01", "1.", "+1", "nul", "truefalse",
  '"a', '"\\x"', '"\\u12"', "[1,]", '{"a":1,}', "NaN",
  ",", ":", "\\", "undefined", "{]", "[}", '"\t"', "1 2", "\u00a0", "\uFEFF1",
].map(utf8).concat(["\xff", '"\xff"', '"\xe4\xb8"', '{"a":"\xf0\x9f"}', "\xef\xbb\xbf{}", "\0", "\x1e", '"\xed\xa0\x80"'].map(bytes));

const SPACE = ["", "", "", " ", "\n", "\r\n", "\t", "  \n"].map(utf8);
const FORMATS = {
  ndjson: { open: [""], before: [""], between: ["\n", "\n", "\n", "\r\n", "\r", "\n\n", "", " \n"], close: ["\n", "\n", ""] },
  "json-seq": { open: [""], before: ["\x1e", "\x1e", "\x1e", "\x1e\x1e", ""], between: ["\n", "\n", "", "\r\n"], close: ["\n", ""] },
  "json-array": {
    open: ["[", "[", "[", " [", "", "\ufeff["],
    before: [""],
    between: [",", ",", ",", ", ", ",\n", "", ",,"],
    close: ["]", "]", "]", "", "]\n", "]x", ",]"],
  },
  concat: { open: [""], before: [""], between: ["", " ", "\n", ","], close: ["", "\n"] },
};
const ENCODED = Object.entries(FORMATS).map(([name, parts]) => {
  return { name, ...Object.fromEntries(Object.entries(parts).map(([part, texts]) => [part, texts.map(utf8)])) };
});

/** Shares of bad records: mostly none. */
const SHARES = weighted([[6, 0], [3, 8], [1, 50]]);

/** Writes a random body and returns its format. */
export function writeRecords(body, random) {
  const { name, open, before, between, close } = random.one(ENCODED);
  const bad = random.one(SHARES);
  body.mark();
  if (random.percent(3)) body.put(utf8("\uFEFF"));
  // What tells the format may come late, or too late.
  if (random.percent(1)) body.put(new Uint8Array(random.one([4094, 4095, 4096, 4097, 5000])).fill(0x20));
  body.put(random.one(open));
  const records = random.below(9);
  for (let record = 0; record < records; record++) {
    body.mark();
    body.put(random.one(before));
    body.put(random.one(SPACE));
    body.put(random.one(random.percent(bad) ? BAD : GOOD));
    body.put(random.one(SPACE));
    if (record < records - 1) body.put(random.percent(bad) ? random.one(between) : between[0]);
  }
  body.mark();
  body.put(random.one(close));
  if (random.word() < 200_000) body.put(utf8(`"${"y".repeat(70_000)}"\n`));
  return name;
}
