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
    const seen = await attempts({ retryDelay: 110 });
    const delays = seen.map(({ delayMs }) => delayMs);
    assert.deepEqual(delays.slice(0, 2), [0, 110]);
    for (const [failures, delay] of delays.entries()) if (failures > 1) assert.ok(delay >= 110 && delay <= 110 * 2 ** (failures - 1), `${failures}: ${delay}`);
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

  /** How many requests are made in a time, and the waits between them, where each response is the same. */
  async function requestsIn(ms, reply, options = {}) {
    const waits = [];
    let requests = 0;
    const fetch = async () => {
      requests++;
      return reply();
    };
    const source = new EventSource("http://a.invalid/", { ...options, fetch, onAttempt: ({ delayMs }) => waits.push(delayMs) });
    await sleep(ms);
    source.close();
    return { requests, waits: waits.slice(1) };
  }
  const sends = (text) => () => new Response(text, { headers: SSE });
  const down = () => {
    throw new TypeError("down");
  };

  for (const retry of ["2147483648", "4000000000", "9007199254740993", "18446744073709551615"]) {
    check(`a wait beyond what a timer takes does not become none: retry: ${retry}`, async () => {
      const { requests } = await requestsIn(150, sends(`retry: ${retry}\ndata: a\n\n`));
      assert.equal(requests, 1);
    });
  }
  check("a wait of the caller's that no timer takes", async () => {
    for (const retryDelay of [2 ** 31, 1e300, Infinity]) assert.equal((await requestsIn(100, down, { retryDelay })).requests, 1);
  });

  // [what, response, options, the shortest wait that may be seen]
  for (const [what, reply, options, shortest] of [
    ["no event", sends("retry: 0\n\n"), {}, 100],
    ["only comments", sends("retry: 0\n\n: a\n\n: b\n\n"), {}, 100],
    ["no connection", down, { retryDelay: 0 }, 100],
    ["an event", sends("retry: 0\ndata: a\n\n"), { retryDelay: 0 }, 0],
  ]) {
    check(`the wait after a connection that delivered ${what}`, async () => {
      const { requests, waits } = await requestsIn(450, reply, { retryDelay: 0, ...options });
      assert.ok(waits.length > 0 && waits.every((wait) => wait >= shortest), waits.join(" "));
      if (shortest > 0) assert.ok(requests <= 5, `${requests} requests`);
      else assert.deepEqual(waits.filter((wait) => wait > 0), []);
    });
  }

  check("a server that connected and then is down is not asked again without pause", async () => {
    let count = 0;
    const { requests } = await requestsIn(450, () => (count++ === 0 ? sends("retry: 0\ndata: a\n\n")() : down()));
    assert.ok(requests <= 6, `${requests} requests`);
  });

  /** In a page of another origin, whose `fetch` is given; `answers` is called with the number of a request and its mode. */
  async function inPage(answers, run) {
    const requests = [];
    globalThis.location = { href: "http://page.invalid/", origin: "http://page.invalid" };
    const fetch = async (url, init) => {
      requests.push(init);
      return answers(requests.length, init.mode);
    };
    try {
      await run(watched("http://other.invalid/x", { fetch, retryDelay: 100, withCredentials: true, headers: { authorization: "secret" } }), requests);
    } finally {
      delete globalThis.location;
    }
  }
  const opaque = { type: "opaque", status: 0, headers: new Headers(), body: null };

  check("what CORS refuses ends CLOSED: one GET without credentials tells that the server is there", () =>
    inPage(
      (_, mode) => (mode === "no-cors" ? opaque : down()),
      async ({ source, seen }, requests) => {
        await until(() => source.readyState === 2);
        await sleep(150);
        assert.deepEqual(seen, [["error", 2]]);
        assert.equal(requests.length, 2);
        const { mode, credentials, headers, method = "GET", body, signal } = requests[1];
        assert.deepEqual([mode, credentials, headers, method, body], ["no-cors", "omit", undefined, "GET", undefined]);
        assert.equal(signal.aborted, true, "its body is not wanted");
      },
    ));

  check("a network that is down is tried again", () =>
    inPage(down, async ({ source, seen }, requests) => {
      await until(() => requests.filter(({ mode }) => mode !== "no-cors").length >= 3);
      assert.equal(source.readyState, 0);
      assert.ok(seen.length >= 2 && seen.every(([type, state]) => type === "error" && state === 0));
    }));

  check("a server that was down may refuse when it is back", () =>
    inPage(
      (number, mode) => (mode === "no-cors" && number > 2 ? opaque : down()),
      async ({ seen }) => {
        await until(() => seen.length === 2);
        assert.deepEqual(seen, [["error", 0], ["error", 2]]);
      },
    ));

  check("an origin that has answered is not asked whether it is there", () =>
    inPage(
      (number) => (number === 1 ? sends("retry: 100\ndata: a\n\n")() : down()),
      async ({ seen }, requests) => {
        await until(() => requests.length >= 3);
        assert.deepEqual(seen.slice(0, 3).map(([type, state]) => `${type} ${state}`), ["open 1", "message 1", "error 0"]);
        assert.ok(requests.every(({ mode }) => mode === undefined));
      },
    ));

  check("a same-origin answer to that question is no refusal", () =>
    inPage(
      (_, mode) => (mode === "no-cors" ? { ...opaque, type: "basic" } : down()),
      async ({ seen }) => {
        await until(() => seen.length >= 2);
        assert.deepEqual(seen.slice(0, 2), [["error", 0], ["error", 0]]);
      },
    ));

  check("close() while that question is asked", () =>
    inPage(
      (_, mode) => (mode === "no-cors" ? new Promise(() => {}) : down()),
      async ({ source, seen }, requests) => {
        await until(() => requests.length === 2);
        source.close();
        await sleep(20);
        assert.deepEqual([seen, requests[1].signal.aborted], [[], true]);
      },
    ));

  check("outside of a page nobody asks: there is no CORS", async () => {
    const modes = [];
    const fetch = async (_, { mode }) => (modes.push(mode), down());
    const source = new EventSource("http://a.invalid/", { fetch, retryDelay: 1 });
    await until(() => modes.length === 2);
    source.close();
    assert.deepEqual(modes, [undefined, undefined]);
  });

  check("what can never be sent is said by the constructor", () => {
    for (const [url, options] of [
      ["http://a.invalid/", { headers: { a: "b\nc" } }],
      ["http://a.invalid/", { method: "GET", json: {} }],
      ["http://a.invalid/", { retryDelay: -1 }],
      ["http://a.invalid/", { retryAttempts: NaN }],
      ["http://u:p@a.invalid/", {}],
    ]) {
      assert.throws(() => new EventSource(url, options), { name: "TidewireError", code: "usage" });
    }
    for (const url of ["http://a b/", "http://[::1", "http://256.1.1.1/", "http://:80", "https://%00/", "http://a:99999/"]) {
      assert.throws(() => new EventSource(url), { name: "SyntaxError" }, url);
    }
  });

  for (const [what, options] of [
    ["headers that cannot be sent, made by a function", { headers: () => ({ a: "b\nc" }) }],
    ["an onAttempt that throws", { onAttempt: () => { throw new Error("mine"); } }],
    ["a platform without streams", { fetch: async () => ({ status: 200, headers: new Headers(SSE) }) }],
    ["a fetch that gives no Response", { fetch: async () => undefined }],
    ["a body of no bytes", { fetch: async () => ({ status: 200, headers: new Headers(SSE), body: (async function* () { yield "data: a"; })() }) }],
  ]) {
    check(`fails for good, and the event says why: ${what}`, async () => {
      const requests = [];
      const source = new EventSource("http://a.invalid/", { retryDelay: 1, onAttempt: (attempt) => requests.push(attempt), ...options });
      const { error } = await new Promise((resolve) => source.addEventListener("error", resolve));
      assert.ok(error instanceof Error, String(error));
      await sleep(120);
      assert.deepEqual([source.readyState, requests.length <= 1], [2, true]);
    });
  }

  check("close() gives back a body whose fetch does not heed its signal", async () => {
    let isCancelled = false;
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")), cancel: () => void (isCancelled = true) });
    const source = new EventSource("http://a.invalid/", { fetch: async () => new Response(body, { headers: SSE }) });
    await new Promise((resolve) => (source.onmessage = resolve));
    source.close();
    await until(() => isCancelled);
  });

  check("an event beyond any bound closes it, instead of coming again for ever", async () => {
    const server = await scripted((_, response) => response.writeHead(200, SSE).end(`data: ${"a".repeat(17 * 1024 * 1024)}\n\n`));
    const { source, seen } = watched(server.base, { retryDelay: 1 });
    await until(() => source.readyState === 2);
    assert.deepEqual([seen.at(-1), server.requests.length], [["error", 2], 1]);
    await server.stop();
  });
}
