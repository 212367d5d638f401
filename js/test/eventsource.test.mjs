// The standard's EventSource over fetch. The same is held against Chromium's own in the browser tests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSource as Compiled } from "../dist/eventsource.js";
import { EventSource as InJs } from "../dist/js.js";
import { SSE, scripted, sleep, until } from "./support/scripted.mjs";

const limit = { timeout: 30_000 };

for (const [core, Class] of [["wasm", Compiled], ["js", InJs]]) {
  // Whatever becomes of a test, none goes on connecting behind it.
  const opened = [];
  const EventSource = new Proxy(Class, {
    construct: (target, given) => opened[opened.push(Reflect.construct(target, given)) - 1],
  });
  const check = (name, run) =>
    test(`${core}: ${name}`, limit, (t) => {
      t.after(() => opened.splice(0).forEach((source) => source.close()));
      return run();
    });

  /** What happens to one, as [type, readyState, data, lastEventId]; `names` are those of events to listen for besides. */
  function watched(url, options, names = []) {
    const seen = [];
    const source = new EventSource(url, options);
    const note = ({ type, data, lastEventId }) => {
      seen.push(data === undefined ? [type, source.readyState] : [type, source.readyState, data, lastEventId]);
    };
    for (const type of ["open", "message", "error", ...names]) source.addEventListener(type, note);
    return { source, seen };
  }

  check("the class: constants, attributes, what it is", async () => {
    const server = await scripted((_, response) => response.writeHead(200, SSE).end());
    const source = new EventSource(server.base);
    assert.deepEqual([EventSource.CONNECTING, EventSource.OPEN, EventSource.CLOSED], [0, 1, 2]);
    assert.deepEqual([source.CONNECTING, source.OPEN, source.CLOSED], [0, 1, 2]);
    assert.deepEqual([EventSource.name, String(source), source.url], ["EventSource", "[object EventSource]", `${server.base}/`]);
    assert.deepEqual([source.readyState, source.withCredentials], [0, false]);
    assert.deepEqual([source.onopen, source.onmessage, source.onerror], [null, null, null]);
    assert.ok(source instanceof EventTarget);
    assert.equal(new EventSource(server.base, { withCredentials: true }).withCredentials, true);
    source.close();
    source.close();
    assert.equal(source.readyState, 2);
    await server.stop();
  });

  check("events, ids, names, and what other surfaces take for an end or a failure", async () => {
    const body = "data: a\n\nid: 7\nevent: x\ndata: b\ndata: c\n\n: comment\n\ndata: [DONE]\n\nevent: error\ndata: told\n\nid\n\ndata: d\n\ndata: half";
    const server = await scripted((_, response) => response.writeHead(200, SSE).end(body));
    const { source, seen } = watched(server.base, {}, ["x"]);
    await until(() => seen.length >= 7);
    assert.deepEqual(seen, [
      ["open", 1],
      ["message", 1, "a", ""],
      ["x", 1, "b\nc", "7"],
      ["message", 1, "[DONE]", "7"],
      ["error", 1, "told", "7"],
      ["message", 1, "d", ""],
      ["error", 0],
    ]);
    source.close();
    await server.stop();
  });

  check("the request: Accept exactly, no store, credentials, no Last-Event-ID", async () => {
    const calls = [];
    const fetch = async (url, init) => {
      calls.push([String(url), init]);
      return new Response("data: a\n\n", { headers: SSE });
    };
    const source = new EventSource("http://a.invalid/x", { fetch });
    const other = new EventSource("http://a.invalid/x", { fetch, withCredentials: true });
    await until(() => calls.length >= 2);
    const [[url, init], [, second]] = calls;
    assert.deepEqual([url, init.method, init.cache, init.credentials, second.credentials], ["http://a.invalid/x", "GET", "no-store", "same-origin", "include"]);
    assert.deepEqual([...init.headers], [["accept", "text/event-stream"]]);
    for (const each of [source, other]) each.close();
  });

  check("a message has the origin of the final URL", async () => {
    const target = await scripted((_, response) => response.writeHead(200, SSE).end("data: a\n\n"));
    const server = await scripted((_, response) => response.writeHead(307, { location: `${target.base}/y` }).end());
    const source = new EventSource(server.base, { retryDelay: 1 });
    const event = await new Promise((resolve) => (source.onmessage = resolve));
    assert.deepEqual([event.origin, event.constructor, event.cancelable, event.bubbles], [target.base, MessageEvent, false, false]);
    assert.equal(source.url, `${server.base}/`);
    // Where it was led is where it goes on.
    await until(() => target.requests.length > 1);
    assert.equal(server.requests.length, 1);
    source.close();
    await server.stop();
    await target.stop();
  });

  // [what, status, headers]
  const REFUSED = [
    ["204", 204, SSE],
    ["205", 205, SSE],
    ["206", 206, SSE],
    ["404", 404, SSE],
    ["503 with Retry-After", 503, { ...SSE, "retry-after": "0" }],
    ["another content type", 200, { "content-type": "text/plain" }],
    ["one that begins the same", 200, { "content-type": "text/event-stream2" }],
    ["JSON lines, which other surfaces read", 200, { "content-type": "application/x-ndjson" }],
    ["no content type", 200, {}],
  ];
  for (const [what, status, headers] of REFUSED) {
    check(`fails for good: ${what}`, async () => {
      const server = await scripted((_, response) => response.writeHead(status, headers).end(status === 200 ? "data: a\n\n" : undefined));
      const { seen } = watched(server.base, { retryDelay: 1 });
      await until(() => seen.length > 0);
      await sleep(20);
      assert.deepEqual(seen, [["error", 2]]);
      assert.equal(server.requests.length, 1);
      await server.stop();
    });
  }

  for (const type of ["text/event-stream;charset=utf-8", "Text/Event-Stream ; x=y", "text/event-stream;"]) {
    check(`a content type with parameters: ${type}`, async () => {
      const server = await scripted((_, response) => response.writeHead(200, { "content-type": type }).end("data: a\n\n"));
      const { source, seen } = watched(server.base);
      await until(() => seen.length >= 2);
      assert.deepEqual(seen.slice(0, 2), [["open", 1], ["message", 1, "a", ""]]);
      source.close();
      await server.stop();
    });
  }

  for (const url of ["ftp://a.invalid/", "mailto:a@b", "javascript:alert(1)", "about:blank", "file:///x"]) {
    check(`fails for good, behind the constructor: ${url}`, async () => {
      const { source, seen } = watched(url);
      assert.equal(source.readyState, 0);
      await until(() => seen.length > 0);
      assert.deepEqual(seen, [["error", 2]]);
    });
  }

  check("what is no URL is a SyntaxError at once; a page's base counts", () => {
    assert.throws(() => new EventSource("http://this is no host/"), { name: "SyntaxError" });
    assert.throws(() => new EventSource("/relative"), { name: "SyntaxError" });
    globalThis.location = { href: "http://worker.invalid/a/b.js" };
    try {
      const source = new EventSource("../c?d");
      assert.equal(source.url, "http://worker.invalid/c?d");
      source.close();
    } finally {
      delete globalThis.location;
    }
  });

  check("connects again by `retry`, behind the last id, as often as it takes", async () => {
    const server = await scripted((request, response, number) => {
      if (number === 2) return response.destroy();
      response.writeHead(200, SSE);
      if (number === 1) response.write("retry: 40\nid: 1\ndata: a\n\nid: caf\u00e9 \u4e16\n\nid: lost");
      else response.write("data: b\n\n");
      setTimeout(() => response.end(), 10);
    });
    const { source, seen } = watched(server.base);
    await until(() => server.requests.length >= 4);
    source.close();
    assert.deepEqual(seen.slice(0, 7), [
      ["open", 1],
      ["message", 1, "a", "1"],
      ["error", 0],
      ["error", 0],
      ["open", 1],
      ["message", 1, "b", "caf\u00e9 \u4e16"],
      ["error", 0],
    ]);
    const ids = server.requests.map(({ headers }) => headers["last-event-id"]);
    assert.deepEqual(ids.map((id) => id && Buffer.from(id, "latin1").toString()), [undefined, ...Array(3).fill("caf\u00e9 \u4e16")]);
    await server.stop();
  });

  check("the first wait is exactly as long as it is to be, 3 s unless told; a further one may be longer, never shorter", async () => {
    const waits = [];
    const attempts = (options) =>
      new Promise((resolve) => {
        const seen = [];
        const source = new EventSource("http://a.invalid/", {
          ...options,
          fetch: async () => {
            throw new TypeError("down");
          },
          onAttempt(attempt) {
            seen.push(attempt);
            if (attempt.attempt === 5 || options.retryDelay === undefined) {
              source?.close();
              resolve(seen);
            }
          },
        });
        source.onerror = () => {
          waits.push(source.readyState);
          if (options.retryDelay === undefined) setTimeout(() => (source.close(), resolve(seen)), 50);
        };
      });
    const seen = await attempts({ retryDelay: 10 });
    const delays = seen.map(({ delayMs }) => delayMs);
    assert.deepEqual(delays.slice(0, 2), [0, 10]);
    for (const [failures, delay] of delays.entries()) if (failures > 1) assert.ok(delay >= 10 && delay <= 10 * 2 ** (failures - 1), `${failures}: ${delay}`);
    assert.ok(waits.every((state) => state === 0));
    assert.equal((await attempts({})).length, 1, "3 s have not passed");
  });

  check("retryAttempts: gives up behind so many failures in a row", async () => {
    const server = await scripted((_, response, number) => {
      if (number === 2) response.writeHead(200, SSE).end("data: a\n\n");
      else response.destroy();
    });
    const { source, seen } = watched(server.base, { retryDelay: 1, retryAttempts: 2 });
    await until(() => source.readyState === 2);
    assert.deepEqual(seen, [["error", 0], ["open", 1], ["message", 1, "a", ""], ["error", 0], ["error", 0], ["error", 2]]);
    assert.equal(server.requests.length, 4);
    await server.stop();
  });

  check("close() ends the request, and nothing comes any more, not even what was read", async () => {
    const server = await scripted((_, response) => response.writeHead(200, SSE).write("data: a\n\ndata: b\n\n"));
    const { source, seen } = watched(server.base);
    source.onmessage = () => source.close();
    await until(() => server.requests[0]?.closed);
    assert.deepEqual(seen.map(([type]) => type), ["open", "message"]);
    await server.stop();
  });

  check("close() while it connects, and while it waits", async () => {
    const server = await scripted(() => {});
    const { source, seen } = watched(server.base);
    await until(() => server.requests.length === 1);
    source.close();
    await until(() => server.requests[0].closed);
    await server.stop();
    const waiting = watched(server.base, { retryDelay: 20 });
    await until(() => waiting.seen.length === 1);
    waiting.source.close();
    await sleep(60);
    assert.deepEqual([seen, waiting.seen], [[], [["error", 0]]]);
  });

  check("on… attributes keep their place among the listeners, and what is no function is none", async () => {
    const order = [];
    const server = await scripted((_, response) => response.writeHead(200, SSE).end("data: a\n\n"));
    const source = new EventSource(server.base);
    source.onmessage = () => order.push("first");
    source.addEventListener("message", () => order.push("listener"));
    source.onmessage = function ({ data }) {
      order.push(`second ${data} ${this === source}`);
    };
    source.onopen = () => order.push("gone");
    source.onopen = "no function";
    assert.equal(source.onopen, null);
    source.onerror = source.close;
    await until(() => order.length === 2);
    assert.deepEqual(order, ["second a true", "listener"]);
    source.close();
    await server.stop();
  });

  check("who awaits one event after the other misses none", async () => {
    const server = await scripted((_, response) => response.writeHead(200, SSE).end("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
    const source = new EventSource(server.base);
    const data = [];
    for (let count = 0; count < 3; count++) data.push((await new Promise((resolve) => source.addEventListener("message", resolve, { once: true }))).data);
    assert.deepEqual(data, ["1", "2", "3"]);
    source.close();
    await server.stop();
  });

  check("a method, headers and a body, made anew for each attempt", async () => {
    const server = await scripted((_, response) => response.writeHead(200, SSE).end("id: 1\ndata: a\n\n"));
    const source = new EventSource(server.base, {
      json: { prompt: "why" },
      headers: ({ attempt, cursor }) => ({ "x-attempt": `${attempt} ${cursor}` }),
      retryDelay: 1,
    });
    await until(() => server.requests.length >= 2);
    source.close();
    assert.deepEqual(
      server.requests.slice(0, 2).map(({ method, body, headers }) => [method, body, headers["x-attempt"], headers["content-type"]]),
      ["1 undefined", "2 1"].map((attempt) => ["POST", '{"prompt":"why"}', attempt, "application/json"]),
    );
    await server.stop();
  });

  check("an event beyond any bound closes it, instead of coming again for ever", async () => {
    const server = await scripted((_, response) => response.writeHead(200, SSE).end(`data: ${"a".repeat(17 * 1024 * 1024)}\n\n`));
    const { source, seen } = watched(server.base, { retryDelay: 1 });
    await until(() => source.readyState === 2);
    assert.deepEqual([seen.at(-1), server.requests.length], [["error", 2], 1]);
    await server.stop();
  });
}
