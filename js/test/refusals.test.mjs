// What a refused response says of the reason, in the error, the outcome and their copies.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { tidewire } from "./support/core.mjs";
import { llm } from "./support/llm.mjs";
import { SSE, take } from "./support/scripted.mjs";

const { parse, stream } = tidewire;
const limit = { timeout: 30_000 };
const { cases } = JSON.parse(readFileSync(new URL("../../tests/cases/refusals.json", import.meta.url), "utf8"));
const refusal = (body, status = 401, headers = {}) => new Response(body, { status, headers });

for (const { name, body, reason } of cases) {
  test(`the reason for a refusal: ${name}`, limit, async () => {
    const { error, outcome } = await take(parse(refusal(body)));
    assert.equal(error.message, `refused with status 401${reason === null ? "" : `: ${reason}`}`);
    assert.deepEqual([outcome.outcome, outcome.error ?? null, outcome.status], ["refused", reason, 401]);
    assert.equal(outcome.body, body);
  });
}

test("a reply of an LLM: the loop, the message and the outcome say it", limit, async () => {
  const fetch = async () => refusal('{"error":{"message":"invalid api key"}}');
  const reply = llm.deltas("http://a.invalid/", { dialect: "openai-chat", fetch });
  const message = await reply.message.catch((error) => error);
  assert.deepEqual([message.code, message.message, message.status], ["refused", "refused with status 401: invalid api key", 401]);
  const { error } = await take(llm.deltas("http://a.invalid/", { dialect: "openai-chat", fetch }));
  assert.equal(error.message, message.message);
});

test("a content type that is not a stream's", limit, async () => {
  const { error } = await take(parse(refusal("<html>", 200, { "content-type": "text/html" })));
  assert.equal(error.message, "refused with status 200: the content type text/html is not a stream's; choose a format");
});

test("what a server says while it is asked again is in each attempt, and its reason in the end", limit, async () => {
  const errors = [];
  const fetch = async () => refusal('{"message":"overloaded"}', 503);
  const { error } = await take(stream("http://a.invalid/", { fetch, retryAttempts: 1, retryDelay: 1, onAttempt: (attempt) => errors.push(attempt.error) }));
  assert.deepEqual([errors.length, error.message], [2, "refused with status 503: overloaded"]);
  assert.match(errors[1], /503/);
});

test("an outcome is plain data: copied, posted and written as JSON it is the same", limit, async () => {
  const refused = () => refusal("no", 403, { "www-authenticate": 'Bearer realm="a"', "retry-after": "5" });
  const outcomes = [
    await parse(refused()).drain(),
    await parse(new Response("id: 7\ndata: a\n\ndata: half", { headers: SSE }), { endOn: "[DONE]" }).drain(),
    await parse(new Response("data: a\n\n", { headers: SSE })).drain(),
    await stream("http://a.invalid/", { retryAttempts: 0, fetch: async () => { throw new TypeError("down", { cause: new Error("no route") }); } }).drain(),
  ];
  for (const outcome of outcomes) {
    assert.deepEqual(structuredClone(outcome), outcome);
    assert.deepEqual(JSON.parse(JSON.stringify(outcome)), outcome);
    const { port1, port2 } = new MessageChannel();
    const posted = new Promise((resolve) => (port2.onmessage = ({ data }) => resolve(data)));
    port1.postMessage(outcome);
    assert.deepEqual(await posted, outcome);
    port1.close();
  }
  assert.deepEqual(outcomes[0].headers, { "content-type": "text/plain;charset=UTF-8", "retry-after": "5", "www-authenticate": 'Bearer realm="a"' });
});
