// The JSON formats of "tidewire" are a chunk that is fetched when something needs them, and only then.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse, stream } from "../dist/index.js";
import { inline } from "../dist/inline.js";
import { scripted, take } from "./support/scripted.mjs";

const limit = { timeout: 30_000 };
const { more } = inline;
let fetched = 0;
/** Counts, and waits for `loading` before the chunk is there. */
function counting(loading = Promise.resolve()) {
  fetched = 0;
  inline.more = async () => {
    fetched++;
    await loading;
    return more();
  };
}
afterEach(() => (inline.more = more));

const answer = (status, type, body) => (_, response) => response.writeHead(status, type === undefined ? {} : { "content-type": type }).end(body);
/** [what, the response, the options, the fetches, the outcome]. */
const CASES = [
  ["events", answer(200, "text/event-stream", "data: a\n\n"), {}, 0, "ended"],
  ["lines of JSON", answer(200, "application/x-ndjson", '{"a":1}\n'), {}, 1, "ended"],
  ["lines of JSON without a content type, which are refused", answer(200, undefined, '{"a":1}\n'), {}, 0, "refused"],
  ["a format", answer(200, "application/octet-stream", '{"a":1}\n'), { format: "ndjson" }, 1, "ended"],
  ["a JSON marker of events", answer(200, "text/event-stream", 'data: {"end":true}\n\n'), { endOn: ["json:end=true"] }, 1, "complete"],
  ["a refusal in JSON", answer(401, "application/json", '{"error":"no"}'), {}, 0, "refused"],
  ["a refusal in lines of JSON", answer(403, "application/x-ndjson", '{"error":"no"}\n'), {}, 0, "refused"],
  ["a refusal without a content type", answer(404, undefined, '{"error":"no"}'), {}, 0, "refused"],
  ["a content type that is no stream's", answer(200, "application/octet-stream", '{"error":"no"}'), {}, 0, "refused"],
];
for (const [what, reply, options, want, outcome] of CASES) {
  test(`${what}: ${want === 0 ? "nothing is fetched" : "fetched once"}`, limit, async () => {
    const server = await scripted(reply);
    counting();
    const { outcome: end } = await take(stream(server.base, options));
    await server.stop();
    assert.deepEqual([end.outcome, fetched], [outcome, want]);
    if (outcome === "refused" && end.status !== 200) assert.match(end.error, /no/);
  });
}

const BYTES = [["JSON", '{"a":1}\n', 1], ["a sequence after a byte order mark", '\ufeff\x1e{"a":1}\n', 1], ["a sequence of texts", '\x1e"a"\n', 1], ["events", "data: a\n\n", 0]];
for (const [what, bytes, want] of BYTES) {
  test(`bytes alone that are ${what}: ${want} fetches`, limit, async () => {
    counting();
    const body = new Blob([bytes]).stream();
    const { items, outcome } = await take(parse(body));
    assert.deepEqual([items.length, outcome.outcome, fetched], [1, "ended", want]);
  });
}

test("a chunk that cannot be loaded is a usage error that names the entry with all formats", limit, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-on-demand-"));
  cpSync(fileURLToPath(new URL("../dist", import.meta.url)), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  rmSync(join(folder, "formats.js"));
  const incomplete = await import(pathToFileURL(join(folder, "index.js")));
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  const server = await scripted((_, response) => {
    response.on("close", left);
    response.writeHead(200, { "content-type": "application/x-ndjson" }).write('{"a":1}\n');
  });
  await assert.rejects(incomplete.stream(server.base).next(), { code: "usage", message: /"tidewire\/full"/ });
  await gone;
  await server.stop();
  // What needs no such format still works, and so does a refusal.
  for (const [reply, outcome] of [[answer(200, "text/event-stream", "data: a\n\n"), "ended"], [answer(401, "application/json", '{"error":"no"}'), "refused"]]) {
    const server = await scripted(reply);
    assert.equal((await take(incomplete.stream(server.base))).outcome.outcome, outcome);
    await server.stop();
  }
  rmSync(folder, { recursive: true });
});

test("a stream that is closed while the chunk is fetched ends at once, and its request with it", limit, async () => {
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  const server = await scripted((_, response) => {
    response.on("close", left);
    response.writeHead(200, { "content-type": "application/x-ndjson" }).write('{"a":1}\n');
  });
  let arrive;
  counting(new Promise((resolve) => (arrive = resolve)));
  const s = stream(server.base);
  const reading = take(s);
  while (fetched === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  s.close();
  const { items, outcome } = await reading;
  assert.deepEqual([items, outcome.outcome], [[], "cancelled"]);
  await gone;
  arrive();
  await server.stop();
});

test("streams that go on in the core of the formats keep what they counted, and no other's memory", limit, async () => {
  const server = await scripted((request, response) => {
    if (request.headers["last-event-id"] === undefined) {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("id: e1-1\ndata: a\n\nid: e1-2\ndata: b\n\n", () => response.destroy());
    } else response.writeHead(200, { "content-type": "application/x-ndjson" }).end('{"a":1}\n');
  });
  counting();
  for (let round = 0; round < 60; round++) {
    const { items, outcome } = await take(stream(server.base, { retryDelay: 1, dedupe: true }));
    assert.deepEqual([items.length, outcome.outcome, outcome.events, outcome.attempts, outcome.error], [3, "ended", 3, 2, undefined], `round ${round}`);
  }
  await server.stop();
});

test("a stream that was closed while the chunk was fetched makes nothing in its core", limit, async () => {
  const server = await scripted(answer(200, "application/x-ndjson", '{"a":1}\n'));
  let made = 0;
  const loaded = Promise.withResolvers?.() ?? withResolvers();
  inline.more = async () => {
    await loaded.promise;
    const formats = await more();
    return (grown) => {
      const exports = formats(grown);
      return { ...exports, machine_new: (wide) => (made++, exports.machine_new(wide)) };
    };
  };
  const closed = stream(server.base);
  const next = closed.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  closed.close();
  await next;
  loaded.resolve();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(made, 0);
  await server.stop();
});

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
