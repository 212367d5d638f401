// Tests the client crate in Node's WebAssembly, whose `fetch` is the same as in browsers. `TIDEWIRE` names the command, `TIDEWIRE_WEB` the
// folder of the module that wasm-bindgen made.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { serve } from "../../js/test/support/serve.mjs";

const { TIDEWIRE: command, TIDEWIRE_WEB: folder } = process.env;

let server;
let run;
before(async () => {
  const { default: init, run: found } = await import(pathToFileURL(join(folder, "web.js")).href);
  await init({ module_or_path: readFileSync(join(folder, "web_bg.wasm")) });
  run = found;
  server = await serve(command);
});
after(() => server.stop());

const seen = (name) => run(name, server.base);
const requests = async (path, key) => (await server.requests(path)).filter((request) => request.path.includes(`key=${key}`));

test("a reply to a GET", async () => {
  const lines = (await seen("get")).split("\n");
  assert.deepEqual(lines.slice(-2), ["complete", "attempts 1"]);
  assert.ok(lines.length > 4, lines.join("\n"));
});

test("a POST with a JSON body, and no header that the caller did not set", async () => {
  assert.equal(await seen("post"), "complete 1");
  const [{ headers }] = await requests("/ai/chat", "web-post");
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers.accept, "text/event-stream");
});

test("typed JSON lines", async () => {
  const lines = (await seen("records")).split("\n");
  assert.deepEqual(lines.slice(-2), ["ended", "attempts 1"]);
  assert.match(lines[0], /^Object/);
});

test("a cut is resumed after the last event id", async () => {
  const lines = (await seen("resume")).split("\n");
  assert.deepEqual(lines.slice(-2), ["ended", "attempts 2"]);
  assert.equal(lines.length, 12, lines.join("\n"));
  const [first, second] = await requests("/notify", "web-resume");
  assert.equal(first.headers["last-event-id"], undefined);
  assert.match(second.headers["last-event-id"], /\d/);
});

test("a refused response with its status and body", async () => {
  assert.match(await seen("refused"), /^error refused\nrefused 401 \d+ bytes\nattempts 1$/);
});

test("429 and 503 are retried", async () => assert.equal(await seen("retried"), "complete 3"));

test("silence is cut", async () => {
  const lines = (await seen("idle")).split("\n");
  assert.deepEqual(lines.slice(-3), ["error timed_out", "timed_out", "attempts 1"]);
});

test("a connection that is closed", async () => assert.equal(await seen("unreachable"), "unreachable 2"));

test("a request that fetch rejects as invalid is a usage error", async () => assert.equal(await seen("unsendable"), "usage"));

test("a dropped stream ends its request", async () => {
  assert.equal(await seen("dropped"), "dropped");
  const [{ response }] = await requests("/sse", "web-dropped");
  assert.equal(response?.ended, "client_closed");
});

test("a cancelled call of next() loses nothing", async () => assert.equal(await seen("cancelled"), "true true"));

test("a hook that is not Send", async () => assert.equal(await seen("hooks"), "true"));
