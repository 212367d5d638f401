// A stream that nobody holds any more, and that nobody ended: what it had going on is released all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, parse, stream } from "../dist/index.js";
import { deltas } from "../dist/llm.js";
import { SSE, scripted, sleep, until } from "./support/scripted.mjs";

const limit = { timeout: 60_000, skip: globalThis.gc ? false : "needs --expose-gc" };
const bytes = (text) => new TextEncoder().encode(text);
const EVENT = 'id: 1\ndata: {"choices":[]}\n\n';

/** A response that goes on for ever, and how many of these were given back. */
function endless() {
  const made = { open: 0 };
  made.fetch = async () => {
    made.open++;
    const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes(EVENT)), cancel: () => void made.open-- });
    return new Response(body, { headers: SSE });
  };
  return made;
}

async function collected() {
  for (let round = 0; round < 6; round++) {
    globalThis.gc();
    await sleep(20);
  }
}

/** How many of the streams that are begun and dropped are still there. Begun in a function of its own, whose variables are gone then. */
async function left(count, begin) {
  const seen = [];
  const run = async () => {
    for (let number = 0; number < count; number++) seen.push(new WeakRef(await begin(number)));
  };
  await run();
  await collected();
  return seen.filter((s) => s.deref()).length;
}

const lasting = new AbortController();
// Those that nobody has asked anything yet, and those that were read from.
const BEGUN = {
  "that was read from": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch });
    await s.next();
    return s;
  },
  "with a signal that lives on": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch, signal: lasting.signal });
    await s.next();
    return s;
  },
  "with time limits": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch, idleTimeout: 60_000, timeout: 60_000, stallAfter: 60_000 });
    await s.next();
    return s;
  },
  "that is paused": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch });
    await s.next();
    s.pause();
    return s;
  },
  "that is being checked": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch });
    await s.next();
    s.check();
    return s;
  },
  "whose outcome is held": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch });
    outcomes.push(s.outcome);
    await s.next();
    return s;
  },
  "whose loop was dropped": async (fetch) => {
    const s = stream("http://a.invalid/", { fetch });
    const batches = s.batches();
    await batches.next();
    return s;
  },
  "of a Response": async (fetch) => {
    const s = parse(await fetch());
    await s.next();
    return s;
  },
  "of a reply": async (fetch) => {
    const s = deltas("http://a.invalid/", { fetch, dialect: "openai-chat" });
    const drained = s.batches();
    s.pause();
    void drained;
    return s;
  },
  "of a client": async (fetch) => {
    const s = createClient({ maxConcurrent: 1 }).stream("http://a.invalid/", { fetch });
    await s.next();
    return s;
  },
  "that was not begun": async (fetch) => stream("http://a.invalid/", { fetch }),
};
const outcomes = [];

for (const [what, begin] of Object.entries(BEGUN)) {
  test(`a forgotten stream ${what} is collected, and its request ended`, limit, async () => {
    const made = endless();
    assert.ok((await left(20, () => begin(made.fetch))) <= 1);
    await until(() => made.open <= 1);
  });
}

test("a forgotten stream gives its slot to the next one", limit, async () => {
  const made = endless();
  const api = createClient({ maxConcurrent: 2, fetch: made.fetch });
  const begin = async () => {
    await api.stream("http://a.invalid/").next();
  };
  await begin();
  await begin();
  const third = api.stream("http://a.invalid/");
  const next = third.next();
  await collected();
  assert.equal((await next).done, false);
  third.close();
});

test("a forgotten stream closes its connection", limit, async () => {
  const server = await scripted((_, response) => response.writeHead(200, SSE).write(EVENT));
  const begin = async () => {
    await stream(server.base).next();
  };
  await begin();
  assert.equal(server.requests[0].closed, false);
  for (let round = 0; round < 100 && !server.requests[0].closed; round++) await collected();
  assert.ok(server.requests[0].closed);
  await server.stop();
});

test("a forgotten stream leaves no listeners behind in the page", limit, async () => {
  let count = 0;
  globalThis.addEventListener = (_, __, { signal }) => {
    count++;
    signal.addEventListener("abort", () => count--);
  };
  try {
    const made = endless();
    const begin = async () => {
      await stream("http://a.invalid/", { fetch: made.fetch }).next();
    };
    await begin();
    assert.equal(count, 2);
    await collected();
    await until(() => count === 0);
  } finally {
    delete globalThis.addEventListener;
  }
});

test("a stream whose next() somebody waits for is held by nothing else, and goes on", limit, async () => {
  const server = await scripted((_, response, number) => {
    response.writeHead(200, SSE);
    if (number === 1) return void setTimeout(() => response.destroy(), 100);
    setTimeout(() => response.end(EVENT), 200);
  });
  const pending = Array.from({ length: 5 }, () => stream(server.base, { retryDelay: 100 }).next());
  const waiting = Promise.all(pending);
  for (let round = 0; round < 10; round++) {
    globalThis.gc();
    await sleep(30);
  }
  assert.deepEqual((await waiting).map(({ value }) => value?.id), Array(5).fill("1"));
  await server.stop();
});

test("a loop that nothing else holds goes on", limit, async () => {
  const server = await scripted(async (_, response) => {
    response.writeHead(200, SSE);
    for (let count = 0; count < 5; count++) {
      response.write(EVENT);
      await sleep(50);
    }
    response.end();
  });
  const read = async () => {
    let count = 0;
    for await (const _ of stream(server.base, { idleTimeout: 10_000 })) {
      count++;
      globalThis.gc();
    }
    return count;
  };
  assert.equal(await read(), 5);
  await server.stop();
});
