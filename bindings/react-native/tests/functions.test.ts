// The caller's functions and mistakes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TidewireError, createClient, parse, stream } from "../src/index";
import type { AttemptRequest } from "../src/index";
import { deltas } from "../src/llm";
import { serve } from "./serve";

const base = await serve();

test("a function of headers sees the request, and may take its time", async () => {
  const seen: AttemptRequest[] = [];
  const s = stream(`${base}/auth?interval_ms=0`, {
    json: { q: 1 },
    headers: async (request) => {
      seen.push(request);
      await sleep(20);
      return { authorization: "Bearer t" };
    },
  });
  assert.equal((await s.drain()).outcome, "complete");
  const { attempt, delayMs, method, url, headers, body } = seen[0]!;
  assert.deepEqual([attempt, delayMs, method, url], [1, 0, "POST", `${base}/auth?interval_ms=0`]);
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(new TextDecoder().decode(body), '{"q":1}');
});

test("a token is renewed after a 401", async () => {
  let token = "";
  const attempts: (string | undefined)[] = [];
  const s = stream(`${base}/auth?interval_ms=0`, {
    headers: () => new Headers(token ? { authorization: `Bearer ${token}` } : {}),
    refresh: async () => {
      await sleep(5);
      token = "t";
    },
    onAttempt: ({ reason }) => attempts.push(reason),
  });
  assert.equal((await s.drain()).outcome, "complete");
  assert.deepEqual(attempts, ["status"]);
  assert.equal((await s.outcome).attempts, 2);
});

test("a function makes the request that continues", async () => {
  const ids: string[] = [];
  const s = stream(`${base}/notify?interval_ms=0&cut_at=100`, {
    method: "POST",
    body: () => "{}",
    retryDelay: 1,
    resume: async (cursor) => ({ url: `/notify?interval_ms=0&last_event_id=${cursor}`, method: "GET" }),
  });
  for await (const { id } of s) ids.push(id);
  assert.deepEqual(ids, Array.from({ length: 10 }, (_, at) => String(at + 1)));
});

test("a function that throws is an attempt that did not connect", async () => {
  const headers = async (): Promise<HeadersInit> => {
    throw new Error("no token");
  };
  const s = stream(`${base}/auth`, { headers, retryAttempts: 0 });
  await assert.rejects(s.next(), { name: "TidewireError", code: "unreachable", message: /no token/ });
});

test("a hook that throws ends the stream", async () => {
  const s = stream(`${base}/notify?interval_ms=0`, {
    onRetry: () => {
      throw new Error("mine");
    },
  });
  await assert.rejects(async () => {
    for await (const _ of s);
  }, /mine/);
  assert.deepEqual(await s.outcome.then(({ outcome, error }) => [outcome, error]), ["cancelled", "mine"]);
});

test("mistakes are thrown at once", () => {
  const usage = { name: "TidewireError", code: "usage" };
  assert.throws(() => stream("no url"), usage);
  assert.throws(() => stream(base, { retryDelay: -1 }), usage);
  assert.throws(() => stream(base, { endOn: "json:x" }), usage);
  assert.throws(() => stream(base, { format: "xml" as "sse" }), usage);
  assert.throws(() => stream(base, { json: 1, form: { a: "b" } }), usage);
  assert.throws(() => stream(base, { headers: { "a b": "c" } }), usage);
  assert.throws(() => deltas(base, { dialect: "nobody" as "auto" }), usage);
  assert.throws(() => createClient({ baseUrl: "ftp://x" }), usage);
  assert.throws(() => parse("data: x" as never), usage);
  assert.ok(new TidewireError("usage", "x") instanceof Error);
});

test("a client's streams share its headers and its slots", async () => {
  const client = createClient({ baseUrl: `${base}/`, headers: { authorization: "Bearer t" }, maxConcurrent: 1, queueTimeout: 50 });
  const first = client.stream("/auth?interval_ms=50");
  await first.next();
  await assert.rejects(client.stream("/auth").next(), { code: "timed_out", timeout: "queue" });
  first.close();
  assert.equal((await client.stream("/auth?interval_ms=0").drain()).outcome, "complete");
});

test("batches, text and the message of a reply", async () => {
  const url = `${base}/llm?dialect=openai-chat&interval_ms=0`;
  let text = "";
  const reply = deltas(url, { json: {} });
  for await (const piece of reply.text()) text += piece;
  const message = await reply.message;
  assert.equal(text, message.text);
  assert.equal(message.dialect, "openai-chat");
  assert.deepEqual(await deltas(url, { json: {} }).message, message);
  assert.deepEqual(await deltas(url, { json: {} }).whole(), message);
  const whole = deltas(url, { json: {} });
  void whole.message;
  await Promise.resolve();
  await Promise.resolve();
  await assert.rejects(whole.next(), { code: "usage" });
  let count = 0;
  for await (const batch of stream(`${base}/notify?interval_ms=0`).batches()) count += batch.length;
  assert.equal(count, 10);
  const stopped = deltas(`${base}/llm?dialect=openai-chat`, { json: {} });
  stopped.close();
  await assert.rejects(stopped.message, { code: "cancelled" });
});
