// Scripts for EventSource: what a server does, and what an `EventSource` of the standard makes of it.
import { other, script, sleep } from "./tools.mjs";

const RETRY = "retry: 60\n\n";
const LAST = { status: 204 };

/** [what, replies, how to change the URL, what happens]; an error's ready state says whether it connects again. */
export const SOURCES = [
  [
    "events, names, ids, comments, and what is no end",
    [{ parts: [RETRY, "data: a\n\nid: 7\nevent: x\ndata: b\ndata: c\n\n: c\n\ndata: [DONE]\n\nevent: error\ndata: told\n\nid\ndata: d\n\ndata: half"] }, LAST],
    ["open 1", "message 1 a ", "x 1 b\nc 7", "message 1 [DONE] 7", "error 1 told 7", "message 1 d ", "error 0", "error 2"],
  ],
  [
    "an id that outlives its connection, without data",
    [{ parts: [RETRY, "id: 1\ndata: a\n\nid: 2\n\nid: lost"] }, { parts: [{ echo: "last-event-id" }] }, LAST],
    ["open 1", "message 1 a 1", "error 0", "open 1", "message 1 2 2", "error 0", "error 2"],
  ],
  [
    "an id that outlives its connection, in UTF-8",
    [{ parts: [RETRY, "id: 1\ndata: a\n\nid: caf\u00e9 \u4e16\n\nid: lost"] }, { parts: [{ echo: "last-event-id" }] }, LAST],
    ["open 1", "message 1 a 1", "error 0", "open 1", "message 1 caf\u00e9 \u4e16 caf\u00e9 \u4e16", "error 0", "error 2"],
  ],
  ["a reply that breaks off", [{ parts: [RETRY, "data: a\n\ndata: b\n"], end: "cut" }, LAST], ["open 1", "message 1 a ", "error 0", "error 2"]],
  ["line ends and a BOM", [{ parts: ["\ufeff", RETRY, "data: a\r\rdata:b\r\n\r\ndata\n\n"] }, LAST], ["open 1", "message 1 a ", "message 1 b ", "message 1  ", "error 0", "error 2"]],
  ["no body", [{ parts: [RETRY] }, {}, LAST], ["open 1", "error 0", "open 1", "error 0", "error 2"]],
  ["204", [LAST], ["error 2"]],
  ["205", [{ status: 205 }], ["error 2"]],
  ["206", [{ status: 206, parts: ["data: a\n\n"] }], ["error 2"]],
  ["404", [{ status: 404 }], ["error 2"]],
  ["500", [{ status: 500 }], ["error 2"]],
  ["503 with Retry-After", [{ status: 503, headers: { "retry-after": "0" } }], ["error 2"]],
  ["another content type", [{ headers: { "content-type": "text/plain" }, parts: ["data: a\n\n"] }], ["error 2"]],
  ["a content type with parameters", [{ headers: { "content-type": "Text/Event-Stream; charset=utf-8" }, parts: [RETRY, "data: a\n\n"] }, LAST], ["open 1", "message 1 a ", "error 0", "error 2"]],
  ["a redirect to another origin", (to) => [{ status: 307, headers: { location: to } }], ["open 1", "message 1 a  other", "error 0", "error 2"], [{ parts: [RETRY, "data: a\n\n"] }, LAST]],
];

/** Plays a script to a class, and says what happened, until nothing more does. */
export async function watch(EventSource, [, replies, , beyond]) {
  const target = beyond && script(beyond, other);
  const { url, requests } = script(typeof replies === "function" ? replies(target.url) : replies);
  const seen = [];
  const source = new EventSource(url);
  if (source.readyState !== 0) seen.push(`begins ${source.readyState}`);
  const note = ({ type, data, lastEventId, origin }) => {
    const message = data === undefined ? "" : ` ${data} ${lastEventId}${origin === other ? " other" : ""}`;
    seen.push(`${type} ${source.readyState}${message}`);
  };
  for (const type of ["open", "message", "error", "x"]) source.addEventListener(type, note);
  for (let waited = 0; waited < 5000 && source.readyState !== 2; waited += 10) await sleep(10);
  source.close();
  return { seen, requests: (await requests()).length };
}
