// Random answers of a server whose records have ids that go on from one response to the next, as they do after a cursor: mostly in order,
// sometimes repeated, skipped or of another epoch.
import { weighted } from "./random.mjs";

// On few numbers, so that what happens falls on the limits of the options and of the session: the moment of a check, of a refusal's body.
const WAITS = weighted([
  [75, 0], [5, 1], [4, 40], [6, 250], [4, 500], [4, 750], [6, 1000], [1, 1000.5], [3, 5000], [2, 10000], [3, 15000], [2, 30000],
  [1, 60000], [1, 300000], [1, 400000], [2, 12.5],
]);
const STATUSES = weighted([
  [60, 200], [1, 201], [1, 204], [1, 205], [1, 206], [4, 401], [1, 403], [1, 404], [1, 408], [1, 409], [1, 410], [1, 425], [3, 429],
  [1, 400], [2, 500], [1, 501], [2, 502], [4, 503], [1, 504], [1, 529], [1, 301], [1, 303], [2, 307], [1, 304],
]);
const TYPES = {
  sse: weighted([
    [20, "text/event-stream"], [3, "text/event-stream; charset=utf-8"], [1, "TEXT/Event-Stream;x"], [1, undefined], [1, "text/html"],
    [1, "text/event-streams"],
  ]),
  ndjson: weighted([[8, "application/x-ndjson"], [2, "application/jsonl; charset=utf-8"], [1, "application/json"], [1, undefined]]),
  "json-seq": ["application/json-seq"],
  "json-array": ["application/json", "application/json", "application/problem+json"],
  concat: ["application/json", "application/x-ndjson"],
  text: weighted([[6, "text/plain"], [1, "text/plain; charset=utf-8"], [1, "text/html"], [1, "application/octet-stream"]]),
};
const RETRY_AFTER = [
  "0", "1", "0.2", "5", "59", "61", "120", "soon", "", "-1", "1e3", "99999999999", "Tue, 14 Nov 2023 22:13:25 GMT",
  "Tue, 14 Nov 2023 23:13:25 GMT", "Wed, 99 Foo",
];
const RETRY_AFTER_MS = ["0", "150", "120.5", "61000", "soon", "4294967296", "-5", ""];
const LOCATIONS = ["/streams/s1", "http://a.invalid/streams/s2", "http://b.invalid/streams/s1", "https://a.invalid/x", "http://", "", "?at=1"];
const FAILS = weighted([[6, "error"], [2, "never"], [1, "throws"], [1, "text"], [1, "nothing"]]);
const ENDS = weighted([[5, "end"], [4, "error"], [2, "never"]]);
const BODIES = weighted([[20, undefined], [3, "real"], [2, "iterable"], [1, "none"]]);

/** UTF-8 as Latin-1, which broken UTF-8 has too. */
const latin1 = (text) => Buffer.from(text).toString("latin1");

const DATA = [
  "a", "b", "", "hello world", '{"type":"end"}', '{"type":"delta","seq":4}', "世界", "😀", "x".repeat(40), "two\ndata: lines",
  "[DONE] not", "done",
].map(latin1).concat("\xff", "a\xe4\xb8 b", "\xf0\x9f\x98");
const EXTRAS = [
  ": beat\n\n", ": c\n", ":\n", "retry: 20\n", "retry: 3000\n\n", "retry: 70000\n", "event: ping\ndata: p\n\n", "data: ping\n\n", "id\n\n",
  "id: 9\n", "\n", "\n\n", "event: only\n\n", "unknown: x\n", "data: half", "\ufeff",
].map(latin1).concat("\xff\xfe: x\n", ": \xe4\n");
const LAST = weighted([
  [8, ""], [6, "data: [DONE]\n\n"], [2, "event: done\ndata: d\n\n"], [2, "event: error\ndata: overloaded\n\n"],
  [1, 'event: error\ndata: {"error":{"message":"busy","type":"overloaded_error"}}\n\n'],
  [1, `event: error\ndata: ${"f".repeat(5000)}\n\n`], [1, 'data: {"type":"end"}\n\n'], [2, "data: unterminated"], [1, "data: [DONE]"],
  [1, "id: 99\ndata: unterminated\n"], [1, "event: end\ndata\n\n"],
]);

/** So many ids of earlier responses a stream knows. */
const REMEMBERED = 1024;

/** What a refusal says. */
const REASONS = ["no", '{"message":"token expired"}', '{"error":{"message":"busy"}}', "<html>", "", "x".repeat(300), "{}"];

const ID_FORMS = weighted([
  [4, (number) => String(number)],
  [5, (number) => `e1-${number}`],
  [2, () => ""],
  [1, (number) => `世${number}`],
  [1, (number) => `${number % 3}`],
  [1, (number) => `e${1 + Math.floor(number / 5)}-${number % 5}`],
]);

/** `random` makes up to six answers in a format. */
export function makeAnswers(random, format) {
  const idOf = random.one(ID_FORMS);
  const isTidy = random.percent(60);
  let number = 1;
  return Array.from({ length: 1 + random.below(random.percent(50) ? 2 : 6) }, () => {
    const answer = {};
    const delay = random.one(WAITS);
    if (delay) answer.delay = delay;
    if (random.percent(isTidy ? 4 : 14)) return { ...answer, fails: random.one(FAILS) };
    const status = isTidy && random.percent(90) ? 200 : random.one(STATUSES);
    if (status !== 200) answer.status = status;
    answer.headers = headersOf(random, format, status, isTidy);
    const body = random.one(BODIES);
    if (body) answer.body = body;
    // After a cursor: mostly the next one, or all again.
    if (number > REMEMBERED && random.percent(70)) number += random.below(4) - 2 - REMEMBERED;
    else if (random.percent(8)) number = 1;
    else if (random.percent(25)) number = Math.max(1, number - random.below(3));
    if (random.percent(12)) number += 1 + random.below(3);
    const text = status === 200 ? write() : random.below(250) === 0 ? "y".repeat(70_000) : random.one(REASONS);
    answer.pieces = piecesOf(random, text);
    if (random.percent(1)) answer.pieces.push([0, "a text", true]);
    answer.end = random.one(ENDS);
    const endDelay = random.one(WAITS);
    if (endDelay) answer.endDelay = endDelay;
    return answer;
  });

  function write() {
    // Now and then as many as a stream remembers.
    const isLong = random.below(400) === 0;
    const count = isLong ? REMEMBERED + random.below(100) : random.percent(5) ? 14 + random.below(12) : random.below(7);
    if (format === "text") return Array.from({ length: count }, () => random.one(DATA)).join("");
    let text = random.percent(3) ? "\xef\xbb\xbf" : "";
    if (format !== "sse") return text + records(count);
    for (let made = 0; made < count; made++) {
      if (random.percent(isTidy ? 8 : 30)) text += random.one(EXTRAS);
      const id = idOf(number++);
      if (id && (isLong || random.percent(90))) text += `id: ${latin1(id)}\n`;
      if (random.percent(20)) text += `event: ${random.one(["tick", "tick", "ping", "ping", "done", "message", "error2"])}\n`;
      text += `data: ${random.one(DATA)}\n\n`;
      if (random.percent(3)) text += `data: ${"o".repeat(300)}\n\n`;
    }
    if (random.percent(50)) text += random.one(LAST);
    const end = random.one(weighted([[8, "\n"], [1, "\r\n"], [1, "\r"]]));
    return end === "\n" ? text : text.replaceAll("\n", end);
  }

  function records(count) {
    const list = Array.from({ length: count }, () => {
      const seq = number++;
      if (random.percent(6)) return random.one(["{bad", "nul", '"\xff"', "{]"]);
      if (random.percent(4)) return `"${"o".repeat(300)}"`;
      return random.one([`{"seq":${seq},"v":"x"}`, `{"seq":"${latin1(idOf(seq))}"}`, `{"meta":{"seq":${seq}}}`, '{"type":"ping"}', "1", latin1('"世"')]);
    });
    if (random.percent(30)) list.push(random.one(['{"type":"end"}', '{"type":"error","message":"m"}', '"[DONE]"', "[DONE]"]));
    if (format === "json-seq") return list.map((one) => `\x1e${one}\n`).join("");
    if (format === "json-array") return `[${list.join(",")}${random.percent(80) ? "]" : ""}`;
    return list.map((one) => `${one}\n`).join("") + (random.percent(10) ? '{"seq":1' : "");
  }
}

function headersOf(random, format, status, isTidy) {
  const type = isTidy ? TYPES[format][0] : random.one(TYPES[format]);
  const headers = type === undefined ? {} : { "content-type": type };
  if (random.percent(status === 429 || status === 503 ? 70 : 3)) headers["retry-after"] = random.one(RETRY_AFTER);
  if (random.percent(status === 429 || status === 503 ? 25 : 1)) headers["retry-after-ms"] = random.one(RETRY_AFTER_MS);
  if (random.percent(10)) headers["tidewire-stream"] = "s1";
  if (headers["tidewire-stream"] || (status >= 300 && status < 400)) headers.location = random.one(LOCATIONS);
  if (status === 401) headers["www-authenticate"] = "Bearer";
  return headers;
}

/** Cut anywhere, with waits in between. */
function piecesOf(random, text) {
  const cuts = Array.from({ length: random.below(random.percent(20) ? 12 : 4) }, () => random.below(text.length + 1));
  const places = [0, ...cuts, text.length].sort((a, b) => a - b);
  return places.slice(1).map((to, at) => [random.one(WAITS), text.slice(places[at], to)]);
}
