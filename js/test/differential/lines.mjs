// Random bodies of server-sent events: lines of every kind, of which a good share still makes events.
import { weighted } from "./random.mjs";

const utf8 = (text) => new Uint8Array(Buffer.from(text));
const binary = (text) => new Uint8Array(Buffer.from(text, "latin1"));

/** What no UTF-8 has: each kind alone, for it is cut, followed and repeated at random. */
const BROKEN = [
  "\x80", "\xbf", "\x80\x80\x80", "\xff", "\xfe", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
  "\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb8\x80",
  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xc3", "\xe4", "\xe4\xb8",
  "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xe4\xb8\xe4\xb8\x96", "\xf0\x9f\xc3\xa4", "\xc3\xc3\xa4", "\xe4a", "\xf0\x9f:", "\xef\xbf", "\xf4\x8f\xbf",
].map(binary);

const VALUES = {
  empty: [""].map(utf8),
  plain: [
    "x", "ab", "hello", "a: b", "5", "-", " x", "x ", "  ", ":", "::", "data: x", "a".repeat(13), "b".repeat(30), "c".repeat(63), "tide",
  ].map(utf8),
  wide: [
    "世", "世界", "界😀ä", "😀", "ä", "é", "\u0000é",
    "😀😀😀", "ß".repeat(9), "海面很平静，适合游泳。", "\uFFFD", "\u{10FFFF}", "\u2028", "x世", "世x",
  ].map(utf8),
  odd: ["\uFEFF", "\uFEFFx", "x\uFEFF", "\0", "a\0b", "\t", "\x7f", "\v", "\u0085", "\x1b", "\\n", "\uFFFE"].map(utf8),
  broken: BROKEN,
  json: ['{"a":1}', '{"type":"end"}', "[1,2]", '"\\u4e16"', "null", '{"seq":7}'].map(utf8),
  marker: ["[DONE]", "done", "error", "message", "ping"].map(utf8),
  long: ["d".repeat(300), "世".repeat(200), `${"e".repeat(500)}ä`, "😀e".repeat(100)].map(utf8),
  id: ["1", "2", "3", "17", "e1-4", "e1-5", "e1-7", "x", "0", "世", "a b", "é"].map(utf8),
  nul: ["\0", "1\0", "\x001", "a\0b", "世\0"].map(utf8),
  digits: ["0", "1", "10", "3000", "007", "60000", "61000", "86400000"].map(utf8),
  huge: [
    "4294967295", "4294967296", "9007199254740993", "18446744073709551615", "18446744073709551616", "9".repeat(40), `${"0".repeat(30)}5`,
  ].map(utf8),
  noDigits: ["", " 5", "5 ", "+5", "-5", "1e3", "5.0", "0x5", "５", "five", "5\0", "1_000"].map(utf8),
};
// A value that a small limit leaves.
const SHORT = Object.fromEntries(Object.entries(VALUES).map(([name, values]) => [name, values.filter(({ length }) => length <= 6)]));

const UNKNOWN = [
  "d", "da", "dat", "dataa", "datas", "data\0", "data ", " data", "Data", "DATA", "e", "even", "events", "Event", "i", "ID", "ids", "idx",
  "re", "retr", "retrys", "Retry", "x", "\uFEFFdata", "\uFEFF", " ", "世", "datä", "message",
];

// [weight in good bodies, in mixed ones, in hostile ones, name, what follows it, values]
const TABLE = [
  [30, 12, 4, "data", ": ", "plain"],
  [14, 8, 3, "data", ":", "plain"],
  [4, 3, 2, "data", ":", "empty"],
  [1, 2, 2, "data", ": ", "empty"],
  [2, 3, 3, "data", "", "empty"],
  [1, 2, 2, "data", ":  ", "plain"],
  [0, 1, 2, "data", " :", "plain"],
  [12, 6, 4, "data", ": ", "wide"],
  [2, 3, 3, "data", ":", "wide"],
  [1, 3, 6, "data", ": ", "odd"],
  [0, 4, 14, "data", ": ", "broken"],
  [0, 2, 5, "data", ":", "broken"],
  [4, 2, 1, "data", ": ", "json"],
  [2, 2, 1, "data", ": ", "marker"],
  [1, 1, 1, "data", ": ", "long"],
  [8, 4, 2, "event", ": ", "marker"],
  [3, 3, 2, "event", ":", "plain"],
  [1, 2, 2, "event", "", "empty"],
  [1, 2, 2, "event", ":", "empty"],
  [1, 2, 2, "event", ": ", "wide"],
  [0, 1, 4, "event", ": ", "broken"],
  [0, 1, 2, "event", ": ", "odd"],
  [12, 5, 3, "id", ": ", "id"],
  [4, 3, 2, "id", ":", "id"],
  [1, 2, 2, "id", "", "empty"],
  [1, 2, 2, "id", ":", "empty"],
  [0, 3, 4, "id", ": ", "nul"],
  [0, 2, 3, "id", ": ", "odd"],
  [0, 2, 4, "id", ": ", "broken"],
  [0, 1, 1, "id", ":  ", "id"],
  [4, 3, 2, "retry", ": ", "digits"],
  [1, 2, 1, "retry", ":", "digits"],
  [0, 2, 2, "retry", ": ", "huge"],
  [0, 2, 3, "retry", ": ", "noDigits"],
  [0, 1, 1, "retry", "", "empty"],
  [4, 3, 2, "", ":", "empty"],
  [4, 3, 2, "", ": ", "plain"],
  [1, 2, 2, "", ":", "wide"],
  [0, 2, 5, "", ":", "broken"],
  [0, 1, 2, "", ": ", "odd"],
  [0, 1, 1, "", ": ", "long"],
  [0, 1, 6, "", "", "broken"],
  ...UNKNOWN.map((name, at) => [0, at % 2, 1, name, at % 3 === 0 ? "" : at % 3 === 1 ? ":" : ": ", at % 3 === 0 ? "empty" : "plain"]),
];

const kinds = (column) => weighted(TABLE.map((row) => [row[column], { head: utf8(row[3] + row[4]), values: VALUES[row[5]], short: SHORT[row[5]] }]));
const PROFILES = weighted([[5, kinds(0)], [4, kinds(1)], [3, kinds(2)]]);

const LF = binary("\n");
const CR = binary("\r");
const CRLF = binary("\r\n");
const MIXED = [LF, LF, CR, CRLF];
const ENDS = [[LF], [LF], [LF], [CRLF], [CR], MIXED, MIXED];

const STARTS = [
  "\xef\xbb\xbf", "\xef\xbb\xbf", "\xef\xbb\xbf\xef\xbb\xbf", "\xef", "\xef\xbb", "\xef\xbb\xef\xbb\xbf", "\xef\xbbdata: x\n\n",
  "\xfe\xff", "\xff\xfe",
].map(binary);
const MIDDLE = STARTS[0];

/** Bytes of a body, and where its lines begin. */
export class Body {
  bytes = new Uint8Array(1 << 17);
  length = 0;
  marks = [];

  clear() {
    this.length = 0;
    this.marks.length = 0;
  }

  put(part) {
    const end = this.length + part.length;
    if (end > this.bytes.length) {
      const more = new Uint8Array(2 * end);
      more.set(this.bytes.subarray(0, this.length));
      this.bytes = more;
    }
    // A loop is faster for what is this short.
    if (part.length < 16) for (let at = 0; at < part.length; at++) this.bytes[this.length + at] = part[at];
    else this.bytes.set(part, this.length);
    this.length = end;
  }

  mark() {
    this.marks.push(this.length);
  }
}

/** Writes a random body. `isShort` makes most values such that a limit of a few bytes leaves them. */
export function writeEvents(body, random, isShort) {
  const profile = random.one(PROFILES);
  const ends = random.one(ENDS);
  const end = () => body.put(ends.length === 1 ? ends[0] : random.one(ends));
  if (random.percent(12)) body.put(random.one(STARTS));
  const blocks = random.percent(4) ? 1 + random.below(40) : 1 + random.below(7);
  for (let block = 0; block < blocks; block++) {
    const lines = random.percent(4) ? random.below(14) : 1 + random.below(4);
    for (let line = 0; line < lines; line++) {
      body.mark();
      if (random.percent(1)) body.put(MIDDLE);
      const { head, values, short } = random.one(profile);
      body.put(head);
      const from = isShort && short.length > 0 && !random.percent(12) ? short : values;
      body.put(random.one(from));
      // Most values are one of the list, some several in a row.
      while (head.length > 0 && random.percent(12)) body.put(random.one(from));
      if (random.word() < 200_000) body.put(new Uint8Array(60_000 + random.below(80_000)).fill(0x61 + random.below(26)));
      if (block < blocks - 1 || line < lines - 1 || !random.percent(12)) end();
    }
    body.mark();
    if (block < blocks - 1 ? random.percent(90) : random.percent(75)) end();
    while (random.percent(6)) end();
  }
}
