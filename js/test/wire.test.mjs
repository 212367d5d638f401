// What goes over the wire, requests counted where they arrive: each thing that can happen, to a GET and to a POST.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { take } from "./support/scripted.mjs";
import { serve } from "./support/serve.mjs";

const { stream } = tidewire;
const skip = process.env.TIDEWIRE ? false : "TIDEWIRE names no command";
let server;
before(async () => {
  if (!skip) server = await serve(process.env.TIDEWIRE);
});
after(() => server?.stop());

const SENT = { json: { prompt: "why" } };
const KEYED = { ...SENT, idempotencyKey: "k1" };
const ALWAYS = { ...SENT, resume: "always" };
const CUT = "ids=1&interval_ms=0&events=20&cuts=1";

// [what, path, options, outcome, requests]
const MATRIX = [
  ["a clean end, GET", "/notify?interval_ms=0", {}, "ended", 1],
  ["a clean end, POST", "/notify?interval_ms=0", SENT, "ended", 1],
  ["an end marker, GET", "/chat?interval_ms=0&events=3", {}, "complete", 1],
  ["an end marker, POST", "/chat?interval_ms=0&events=3", SENT, "complete", 1],
  ["a cut before the first event, GET", `/chat?${CUT}&cut_at=3`, {}, "complete", 2],
  ["a cut before the first event, POST", `/chat?${CUT}&cut_at=3`, SENT, "truncated", 1],
  ["a cut before the first event, POST with a key", `/chat?${CUT}&cut_at=3`, KEYED, "complete", 2],
  ["a cut behind events with ids, GET", `/chat?${CUT}&cut_at=1500`, {}, "complete", 2],
  ["a cut behind events with ids, POST", `/chat?${CUT}&cut_at=1500`, SENT, "truncated", 1],
  ["a cut behind events with ids, POST with a key", `/chat?${CUT}&cut_at=1500`, KEYED, "complete", 2],
  ["a cut behind events with ids, POST that is resumed", `/chat?${CUT}&cut_at=1500`, ALWAYS, "complete", 2],
  ["a cut behind events with ids, GET that is not resumed", `/chat?${CUT}&cut_at=1500`, { resume: "never" }, "truncated", 1],
  ["a cut behind events without ids, GET", "/chat?interval_ms=0&events=20&cuts=1&cut_at=1500", {}, "truncated", 1],
  ["a cut behind events without ids, POST", "/chat?interval_ms=0&events=20&cuts=1&cut_at=1500", SENT, "truncated", 1],
  ["204, GET", "/gone", {}, "ended", 1],
  ["204, POST", "/gone", SENT, "ended", 1],
  ["204, followed", "/gone", { follow: true }, "ended", 1],
  ["401, GET", "/auth", {}, "refused", 1],
  ["401, POST", "/auth", SENT, "refused", 1],
  ["503 with Retry-After, GET", "/busy?retry_after=0&interval_ms=0&events=2&status=503", {}, "complete", 3],
  ["503 with Retry-After, POST", "/busy?retry_after=0&interval_ms=0&events=2&status=503", SENT, "complete", 3],
  ["503 without, GET", "/status?status=503", {}, "refused", 4],
  ["503 without, POST", "/status?status=503", SENT, "refused", 1],
  ["a followed stream to its last event", "/notify?interval_ms=0&end=clean&cut_at=200", { follow: true }, "ended", undefined],
  ["a redirect across origins, GET", "/redirect?interval_ms=0&events=3", {}, "complete", 1],
  ["a redirect across origins, POST", "/redirect?interval_ms=0&events=3", SENT, "complete", 1],
  ["redirects without end", "/redirect?to=redirect", { retryAttempts: 0 }, "refused", undefined],
];

for (const [index, [what, path, options, want, requests]] of MATRIX.entries()) {
  test(`wire: ${what}`, { skip, timeout: 60_000 }, async () => {
    const key = `key=wire${index}`;
    const url = `${server.base}${path}${path.includes("?") ? "&" : "?"}${key}`;
    const { items, outcome, error } = await take(stream(url, { retryDelay: 1, ...options }));
    assert.equal(outcome.outcome, want, JSON.stringify(outcome));
    assert.equal(error?.code, ["complete", "ended"].includes(want) ? undefined : want);
    const log = (await server.requests("/")).filter(({ path }) => path.includes(key));
    const [name] = path.split("?");
    const arrived = log.filter(({ path }) => path.startsWith(name));
    if (requests !== undefined) assert.equal(arrived.length, requests);
    // Each event once, in order, whatever was cut.
    const ids = items.map(({ id }) => id).filter((id) => id !== "");
    assert.deepEqual(ids.map(Number), ids.map((_, index) => index + 1));
    // One key for all attempts.
    if (options.idempotencyKey) for (const { headers } of arrived) assert.equal(headers["idempotency-key"], "k1");
    for (const { method } of log) assert.equal(method, options.json ? "POST" : "GET");
  });
}

test("a redirect to another origin takes no Authorization along", { skip, timeout: 60_000 }, async () => {
  const { outcome } = await take(stream(`${server.base}/redirect?interval_ms=0&events=2&key=secret`, { headers: { authorization: "Bearer x", "x-mine": "1" } }));
  assert.equal(outcome.outcome, "complete");
  const log = (await server.requests("/")).filter(({ path }) => path.includes("key=secret"));
  assert.deepEqual(log.map(({ headers }) => [headers.authorization, headers["x-mine"]]), [["present", "1"], [undefined, "1"]]);
});
