// Streams that are stopped, held and aborted at random: no event is lost, and none is delivered twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { stream } from "../src/index";
import { Item_Tags, NativeClient, RequestHooks, RequestSettings, StreamKind } from "../src/native";
import { clientSettings } from "../src/options";
import { serve } from "./serve";

const TIMES = 1000;
const base = await serve();

function check(ids: string[]): void {
  assert.ok(ids.length > 100, `${ids.length} events`);
  assert.deepEqual(ids, ids.map((_, at) => String(at + 1)));
}

test(`${TIMES} calls of the native library are cancelled`, async (t) => {
  const client = new NativeClient(clientSettings({}));
  const native = client.open(StreamKind.Events, RequestSettings.create({ url: `${base}/sse?interval_ms=1` }), RequestHooks.create({}));
  const ids: string[] = [];
  let number = 0n;
  let cancelled = 0;
  while (cancelled < TIMES || ids.length <= 100) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), Math.random() * 3);
    try {
      const { items } = await native.nextBatch(number, 256, { signal: abort.signal });
      number += BigInt(items.length);
      for (const item of items) if (item.tag === Item_Tags.Event) ids.push(item.inner.id);
    } catch (error) {
      assert.equal((error as Error).name, "AbortError");
      cancelled++;
    }
    clearTimeout(timer);
  }
  native.uniffiDestroy();
  check(ids);
  t.diagnostic(`${cancelled} cancellations, ${ids.length} events`);
});

test("200 streams are aborted, and each continues the one before", async (t) => {
  const ids: string[] = [];
  let lastEventId: string | undefined;
  for (let aborted = 0; aborted < 200; aborted++) {
    const abort = new AbortController();
    const s = stream(`${base}/sse?interval_ms=1`, { lastEventId, signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), Math.random() * 20);
    await assert.rejects(async () => {
      for await (const { id } of s) ids.push(id);
    }, /enough/);
    ({ lastEventId } = s);
    assert.equal(lastEventId, ids.at(-1));
    assert.equal((await s.outcome).outcome, "cancelled");
    assert.deepEqual(await s.next(), { done: true, value: undefined });
  }
  check(ids);
  t.diagnostic(`${ids.length} events`);
});

test("a stream that is held 300 times", async () => {
  const ids: string[] = [];
  const s = stream(`${base}/sse?interval_ms=1`);
  const reading = (async () => {
    for await (const { id } of s) ids.push(id);
  })();
  for (let held = 0; held < 300; held++) {
    await sleep(Math.random() * 3);
    s.pause();
    const before = ids.length;
    await sleep(Math.random() * 3);
    assert.equal(ids.length, before);
    s.resume();
  }
  s.close();
  await reading;
  check(ids);
  assert.equal((await s.outcome).events, ids.length);
});

test("what is stopped closes its connection, also before its first event", async () => {
  const stops = {
    close: async (url: string) => stream(url).close(),
    break: async (url: string) => {
      for await (const _ of stream(url)) break;
    },
    abort: async (url: string) => {
      const signal = AbortSignal.timeout(20);
      assert.equal((await stream(url, { signal }).drain()).outcome, "cancelled");
    },
    waiting: async (url: string) => {
      const s = stream(url);
      const next = s.next();
      setTimeout(() => s.close(), 20);
      while (!(await next).done && !(await s.next()).done);
      assert.equal((await s.outcome).outcome, "cancelled");
    },
  };
  for (const [how, stop] of Object.entries(stops)) await stop(`${base}/stall?interval_ms=0&silence_ms=100000&how=${how}`);
  let open: string[];
  do {
    const log = (await (await fetch(`${base}/_log`)).json()) as { path: string; response?: object }[];
    open = log.filter(({ path, response }) => path.startsWith("/stall") && !response).map(({ path }) => path);
    await sleep(10);
  } while (open.length > 0);
});
