// Functions that make parts of a request see the rest of it, for each attempt: enough to sign it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, take } from "./support/scripted.mjs";

const { createClient, stream } = tidewire;
const limit = { timeout: 30_000 };

/** A server that fails once, and what it was sent. */
async function twice() {
  return scripted((_, response, number) => {
    if (number % 2 === 1) return response.writeHead(503, { "retry-after": "0" }).end();
    response.writeHead(200, SSE).end("data: a\n\n");
  });
}
const sign = (method, url, body, date) => createHmac("sha256", "key").update(`${method} ${url} ${date} `).update(body).digest("hex");
const decode = (body) => new TextDecoder().decode(body);

const form = new FormData();
form.set("a", "1");
// [what, options, what the content type begins with]
const BODIES = [
  ["JSON", { json: { prompt: "w\u00fcrde" } }, "application/json"],
  ["a form", { form: { a: "1 2" } }, "application/x-www-form-urlencoded"],
  ["text", { method: "POST", body: "caf\u00e9" }, "text/plain"],
  ["bytes", { method: "POST", body: new Uint8Array([1, 2, 3]) }, "none"],
  ["a Blob", { method: "POST", body: new Blob(["abc"], { type: "text/x-a" }) }, "text/x-a"],
  ["fields of a form, whose boundary is drawn", { method: "POST", body: form }, "multipart/form-data; boundary="],
  ["a body that a function makes", { method: "POST", body: ({ attempt, method }) => `${method} ${attempt}` }, "text/plain"],
  ["no body", {}, "none"],
];
for (const [what, options, type] of BODIES) {
  test(`each attempt is signed over what is sent: ${what}`, limit, async () => {
    const server = await twice();
    let date = 0;
    const headers = ({ attempt, method, url, headers, body = "" }) => {
      assert.ok((headers.get("content-type") ?? "none").startsWith(type), `${headers.get("content-type")}`);
      assert.ok(headers.get("accept").includes("text/event-stream"));
      return { date: String(++date), signature: sign(method, url, body, date), "x-attempt": String(attempt) };
    };
    const { outcome } = await take(stream(`${server.base}/x`, { ...options, query: { q: "a b" }, headers, retryDelay: 1 }));
    assert.deepEqual([outcome.outcome, outcome.attempts], ["ended", 2]);
    for (const [index, { method, url, headers, body }] of server.requests.entries()) {
      assert.equal(headers.signature, sign(method, server.base + url, body, index + 1));
      assert.deepEqual([url, headers["x-attempt"]], ["/x?q=a+b", String(index + 1)]);
      if (type !== "none") assert.ok(headers["content-type"].startsWith(type));
    }
    await server.stop();
  });
}

test("a function that signs sees the key, the cursor, and what the client adds", limit, async () => {
  const seen = [];
  const server = await scripted((_, response, number) => {
    response.writeHead(200, SSE).write(number === 1 ? "id: 7\ndata: a\n\n" : "data: b\n\ndata: [DONE]\n\n");
    setTimeout(() => response.destroy(), 20);
  });
  const api = createClient({ baseUrl: server.base, headers: { "x-client": "1" }, resume: "always", retryDelay: 1 });
  const headers = ({ headers, cursor, reason, body }) => {
    seen.push([headers.get("idempotency-key"), headers.get("last-event-id"), headers.get("x-client"), cursor, reason, decode(body)]);
    headers.set("x-signed", "yes");
    return headers;
  };
  await take(api.stream("/", { json: 1, idempotencyKey: "k", headers }));
  assert.deepEqual(seen.slice(0, 2), [
    ["k", null, "1", undefined, undefined, "1"],
    ["k", "7", "1", "7", "body", "1"],
  ]);
  assert.deepEqual(server.requests.map(({ headers }) => [headers["x-signed"], headers["idempotency-key"]])[0], ["yes", "k"]);
  await server.stop();
});

test("a URL that a function makes, anew for each attempt", limit, async () => {
  const server = await twice();
  const asked = [];
  const url = async ({ attempt, method }) => (asked.push(method), `${server.base}/x?attempt=${attempt}`);
  await take(stream(url, { query: { q: 1 }, retryDelay: 1 }));
  await take(stream(url, { json: {}, retryDelay: 1 }));
  assert.deepEqual(server.requests.map(({ method, url }) => `${method} ${url}`), [
    "GET /x?attempt=1&q=1",
    "GET /x?attempt=2&q=1",
    "POST /x?attempt=1",
    "POST /x?attempt=2",
  ]);
  assert.deepEqual(asked, ["GET", "GET", "POST", "POST"]);
  await server.stop();
});

test("a stream of bytes is not read for a signature", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).end("data: a\n\n"));
  const body = () => new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode("abc")), controller.close()) });
  let seen = "none";
  await take(stream(server.base, { method: "POST", body, headers: ({ body }) => ((seen = body), {}) }));
  assert.deepEqual([seen, server.requests[0].body], [undefined, "abc"]);
  await server.stop();
});
