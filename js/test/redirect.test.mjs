// Redirects where there is no page: followed by the driver, so that no secret goes to another origin.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, take, until } from "./support/scripted.mjs";

const { createClient, stream } = tidewire;
const limit = { timeout: 30_000 };
const fine = (_, response) => response.writeHead(200, SSE).end("data: a\n\ndata: [DONE]\n\n");

/** Two origins: the first redirects to where `location` says, unless the path is `/there`. */
async function origins(location, status = 307, reply = fine) {
  const second = await scripted(reply);
  const first = await scripted((request, response, number) => {
    if (request.url.startsWith("/there")) return reply(request, response, number);
    response.writeHead(status, { location: location(second.base, first?.base) }).end("moved");
  });
  return { first, second, stop: () => Promise.all([first.stop(), second.stop()]) };
}

const SECRET = ["authorization", "cookie", "proxy-authorization", "x-api-key", "apikey", "x-goog-api-key", "private-token", "x-auth-token", "mcp-session-id", "client_secret", "x_api_key", "x-amz-signature", "my-credentials", "db-password"];
const PUBLIC = ["idempotency-key", "accept-language", "x-request-id", "x-max-tokens", "traceparent", "x-monkeys", "content-language"];

test("a redirect to another origin takes no secret and no cursor along", limit, async () => {
  const { first, second, stop } = await origins((other) => `${other}/x`);
  const headers = Object.fromEntries([...SECRET, ...PUBLIC].map((name) => [name, "1"]));
  for (const options of [{ headers }, { headers: () => headers }]) {
    const { items } = await take(stream(first.base, { ...options, method: "POST", body: "abc", lastEventId: "7" }));
    assert.equal(items.length, 1);
    const [{ headers: sent, method, body }] = second.requests.splice(0);
    assert.deepEqual(SECRET.filter((name) => name in sent), []);
    assert.deepEqual(PUBLIC.filter((name) => !(name in sent)), []);
    assert.deepEqual([method, body, sent["last-event-id"]], ["POST", "abc", undefined]);
  }
  await stop();
});

test("a redirect within an origin takes all along", limit, async () => {
  const { first, stop } = await origins((_, own) => "/there?token=1");
  await take(stream(first.base, { headers: { "x-api-key": "1" }, lastEventId: "7" }));
  const [, { url, headers }] = first.requests;
  assert.deepEqual([url, headers["x-api-key"], headers["last-event-id"]], ["/there?token=1", "1", "7"]);
  await stop();
});

test("what a client holds, and a Request, are treated alike", limit, async () => {
  const { first, second, stop } = await origins((other) => `${other}/x`);
  await take(createClient({ baseUrl: first.base, headers: { authorization: "1", "x-own": "1" } }).stream("/"));
  await take(stream(new Request(first.base, { headers: { "x-api-key": "1", "x-own": "1" } })));
  for (const { headers } of second.requests) assert.deepEqual([headers.authorization, headers["x-api-key"], headers["x-own"]], [undefined, undefined, "1"]);
  await stop();
});

// [status, method, the method there, the body there]
for (const [status, method, then, body] of [
  [301, "POST", "GET", ""],
  [302, "POST", "GET", ""],
  [303, "POST", "GET", ""],
  [303, "PUT", "GET", ""],
  [301, "PUT", "PUT", "abc"],
  [307, "POST", "POST", "abc"],
  [308, "POST", "POST", "abc"],
  [302, "GET", "GET", ""],
]) {
  test(`${status} to a ${method}`, limit, async () => {
    const { first, second, stop } = await origins((other) => other, status);
    await take(stream(first.base, { method, headers: { "content-type": "text/x-a" }, ...(method === "GET" ? {} : { body: "abc" }) }));
    const [request] = second.requests;
    assert.deepEqual([request.method, request.body], [then, body]);
    assert.equal(request.headers["content-type"], body === "" && method !== "GET" ? undefined : "text/x-a");
    await stop();
  });
}

// [what, where it leads, options]
for (const [what, location, options] of [
  ["a body that can be read only once", (other) => other, { method: "POST", body: () => new ReadableStream({ start: (controller) => controller.close() }) }],
  ["another scheme", () => "ftp://a.invalid/"],
  ["no URL", () => "http://"],
  ["itself, without end", (_, own) => own],
  ["anywhere, if the caller follows none", (other) => other, { redirect: "manual" }],
]) {
  test(`a redirect that is not followed is refused: ${what}`, limit, async () => {
    const { first, second, stop } = await origins(location);
    const { error } = await take(stream(first.base, { ...options }));
    assert.deepEqual([error.code, error.status, second.requests.length], ["refused", 307, 0]);
    assert.ok(first.requests.length <= 21);
    await stop();
  });
}

test("a cursor that was lost on the way: a followed stream tells of a gap, another one is cut off", limit, async () => {
  let isMoved = false;
  const target = await scripted((_, response) => response.writeHead(200, SSE).end("id: 1\ndata: again\n\ndata: [DONE]\n\n"));
  const server = await scripted((_, response) => {
    if (isMoved) return response.writeHead(307, { location: target.base }).end();
    isMoved = true;
    response.writeHead(200, SSE).write("id: 1\ndata: a\n\n");
    setTimeout(() => response.destroy(), 20);
  });
  const gaps = [];
  const followed = await take(stream(server.base, { follow: true, retryDelay: 1, onGap: (after) => gaps.push(after) }));
  assert.deepEqual([followed.outcome.outcome, followed.items.map(({ data }) => data), gaps], ["complete", ["a", "again"], ["1"]]);
  isMoved = false;
  const { error, items } = await take(stream(server.base, { retryDelay: 1 }));
  assert.deepEqual([error.code, items.length], ["truncated", 1]);
  await Promise.all([server.stop(), target.stop()]);
});

test("the body of a redirect is given back, and the user and password in it are not used", limit, async () => {
  const { first, second, stop } = await origins((other) => other.replace("http://", "http://u:p@"));
  const { items } = await take(stream(first.base));
  assert.deepEqual([items.length, second.requests[0].headers.authorization], [1, undefined]);
  await until(() => first.requests.every(({ closed }) => !closed));
  await stop();
});

test("an error of a redirect that `fetch` is to report", limit, async () => {
  const { first, stop } = await origins((other) => other);
  const { error } = await take(stream(first.base, { redirect: "error", retryAttempts: 0 }));
  assert.equal(error.code, "unreachable");
  await stop();
});

test("a package whose redirect.js cannot be loaded says so, and asks nothing again", limit, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-"));
  cpSync(new URL("../dist/", import.meta.url), folder, { recursive: true });
  rmSync(join(folder, "redirect.js"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const { stream } = await import(pathToFileURL(join(folder, "index.js")));
  const { first, stop } = await origins((other) => other);
  const { error } = await take(stream(first.base, { retryDelay: 1 }));
  assert.deepEqual([error.code, first.requests.length], ["usage", 1]);
  assert.match(error.message, /redirect\.js.*cannot be loaded/);
  assert.equal((await take(stream(`${first.base}/there`))).items.length, 1);
  await stop();
  rmSync(folder, { recursive: true });
});
