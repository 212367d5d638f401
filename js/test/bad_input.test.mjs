// What goes wrong by the caller's or the peer's fault: a typed error or the standard's behaviour, never a hang.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { SSE, scripted, take, until } from "./support/scripted.mjs";

const { TidewireError, createParser, parse, stream } = tidewire;
const limit = { timeout: 30_000 };
const usage = { name: "TidewireError", code: "usage" };

for (const [what, options, timeout] of [
  ["idleTimeout", { idleTimeout: 50 }, "idle"],
  ["firstEventTimeout", { firstEventTimeout: 50 }, "first_event"],
  ["progressTimeout", { progressTimeout: 50 }, "progress"],
  ["timeout", { timeout: 50 }, "total"],
]) {
  test(`a server that never sends headers: ${what}`, limit, async () => {
    const server = await scripted(() => {});
    const { error, outcome } = await take(stream(server.base, { ...options, retryAttempts: 0 }));
    assert.deepEqual([error.code, error.timeout, outcome.attempts], ["timed_out", timeout, 1]);
    // A busy machine may be so slow that the request never left.
    await until(() => server.requests.every(({ closed }) => closed));
    await server.stop();
  });
}

test("a server that never sends headers: an abort", limit, async () => {
  const controller = new AbortController();
  const server = await scripted(() => controller.abort(new DOMException("late", "TimeoutError")));
  const { error } = await take(stream(server.base, { signal: controller.signal }));
  assert.equal(error.name, "TimeoutError");
  await until(() => server.requests[0].closed);
  await server.stop();
});

// As a page gets it with `mode: "no-cors"`: nothing of it can be seen.
const opaque = () => Object.defineProperties(new Response(null), { status: { value: 0 }, type: { value: "opaque" } });

test("an opaque reply is refused, and so is the one of an error", limit, async () => {
  for (const reply of [opaque(), Response.error()]) {
    assert.deepEqual((await take(parse(reply))).error.status, 0);
  }
  const { error } = await take(stream("http://a.invalid/", { mode: "no-cors", fetch: async () => opaque() }));
  assert.deepEqual([error.code, error.status], ["refused", 0]);
});

test("a reply without a body has ended", limit, async () => {
  const { items, outcome } = await take(parse(new Response(null, { headers: SSE })));
  assert.deepEqual([items, outcome.outcome], [[], "ended"]);
  assert.equal((await take(parse(new Response(null, { headers: SSE }), { endOn: "[DONE]" }))).outcome.outcome, "truncated");
});

test("what is no URL, and a relative one where there is no page", () => {
  for (const input of ["http://", "/chat", ""]) assert.throws(() => stream(input), usage, input);
});

test("a cursor that cannot be a header is not sent", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).end("data: a\n\n"));
  for (const lastEventId of ["a\nb", "a\u0001b", "ok"]) await take(stream(server.base, { lastEventId }));
  assert.deepEqual(server.requests.map(({ headers }) => headers["last-event-id"]), [undefined, undefined, "ok"]);
  await server.stop();
});

test("a function for headers, for the body, or for the continuation that throws a TidewireError stops the stream", limit, async () => {
  const mine = new TidewireError("usage", "no token");
  const fails = () => {
    throw mine;
  };
  for (const options of [{ headers: fails }, { method: "POST", body: fails }]) {
    assert.equal((await take(stream("http://a.invalid/", options))).error, mine);
  }
  const down = () => {
    throw new Error("the token server is down");
  };
  let tries = 0;
  const { error, outcome } = await take(stream("http://a.invalid/", { headers: down, retryDelay: 1, onAttempt: () => tries++ }));
  assert.deepEqual([error.code, tries, error.cause.message], ["unreachable", 4, "the token server is down"]);
  assert.equal(outcome.attempts, 0, "requests that were sent");
});

for (const hook of ["onAttempt", "onComment", "onRetry", "onError", "onGap", "onStall"]) {
  test(`a handler that throws ends stream and request: ${hook}`, limit, async () => {
    const server = await scripted((_, response, number) => {
      if (hook === "onError") response.writeHead(200, { "content-type": "application/x-ndjson" }).write("{bad\n");
      else response.writeHead(200, SSE).write(": c\nretry: 1\nid: a-1\ndata: 1\n\nid: a-3\ndata: 3\n\n");
      assert.equal(number, 1);
    });
    const mine = new Error("mine");
    const s = stream(server.base, {
      stallAfter: 30,
      [hook]() {
        throw mine;
      },
    });
    assert.equal((await take(s)).error, mine);
    assert.equal((await s.outcome).outcome, "cancelled");
    await until(() => server.requests.every(({ closed }) => closed));
    await server.stop();
  });
}

test("an async iterable that throws, and one that brings what are no bytes", limit, async () => {
  const thrown = new Error("disk");
  const bytes = async function* () {
    yield new TextEncoder().encode("data: a\n\n");
    throw thrown;
  };
  const { items, error } = await take(parse(bytes(), { format: "sse" }));
  assert.deepEqual([items.length, error.code, error.cause], [1, "truncated", thrown]);
  const text = async function* () {
    yield "data: a\n\n";
  };
  assert.equal((await take(parse(text(), { format: "sse" }))).error.code, "usage");
});

test("push() after end(), and from inside onEvent", () => {
  const parser = createParser({ onEvent: () => assert.throws(() => parser.push(new Uint8Array(1)), usage) });
  parser.push(new TextEncoder().encode("data: a\n\n"));
  parser.end();
  assert.throws(() => parser.push(new Uint8Array(1)), usage);
});

// [entry, what is done, what is printed]
const REFUSED = [
  ["index.js", 'stream("http://a.invalid/")', "usage"],
  ["index.js", 'createParser({ onEvent() {} })', "usage"],
  ["eventsource.js", 'new EventSource("http://a.invalid/")', "usage"],
  ["js.js", "createParser({ onEvent() {} }).end()", "none"],
];
for (const [entry, what, code] of REFUSED) {
  test(`where WebAssembly is refused: ${what} of ${entry}`, () => {
    const script = `
      WebAssembly.Module = class { constructor() { throw new Error("Refused by Content-Security-Policy"); } };
      const { stream, createParser, EventSource } = await import(${JSON.stringify(new URL(`../dist/${entry}`, import.meta.url))});
      try { ${what}; console.log("none"); } catch (error) { console.log(error.code, error.message); }`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    assert.ok(stdout.startsWith(code), stdout + stderr);
    if (code === "usage") for (const words of ["tidewire/js", "tidewire/slim", "Content-Security-Policy"]) assert.ok(stdout.includes(words), stdout);
  });
}

test("where there is no WebAssembly at all, and the translated core is taken up behind the refusal", () => {
  const dist = (name) => JSON.stringify(new URL(`../dist/${name}`, import.meta.url));
  const script = `
    delete globalThis.WebAssembly;
    const first = await import(${dist("index.js")});
    try { first.createParser({ onEvent() {} }); } catch (error) { console.log(error.code); }
    const second = await import(${dist("js.js")});
    second.createParser({ onEvent: ({ data }) => console.log(data) }).push(new TextEncoder().encode("data: a\\n\\n"));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(stdout, "usage\na\n", stderr);
});
