// A background response of OpenAI's goes on where it broke: the rows of `crates/client` against a server that counts what it is asked.
import assert from "node:assert/strict";
import { test } from "node:test";
import { llm } from "./support/llm.mjs";
import { SSE, scripted } from "./support/scripted.mjs";

const { deltas } = llm;
const WORDS = ["Hel", "lo ", "世", "界", "."];
const RESPONSE = { id: "resp_1/é", model: "m", created_at: 1 };
const EVENTS = [
  { type: "response.created", response: RESPONSE },
  ...WORDS.map((delta) => ({ type: "response.output_text.delta", delta })),
  { type: "response.completed", response: { ...RESPONSE, usage: { input_tokens: 1, output_tokens: 2 } } },
];

/** A server that breaks off behind so many events of each reply, and goes on behind the number that it is asked for. */
async function responses(each, { id = true } = {}) {
  return scripted((request, reply) => {
    const after = new URL(request.url, "http://h").searchParams.get("starting_after");
    const first = after === null ? 0 : Number(after) + 1;
    reply.writeHead(200, SSE);
    for (const [number, event] of [...EVENTS.entries()].slice(first, first + each)) {
      const { response: _, ...rest } = event;
      const sent = { ...(id ? event : rest), sequence_number: number };
      reply.write(`event: ${event.type}\ndata: ${JSON.stringify(sent)}\n\n`);
    }
    if (first + each >= EVENTS.length) reply.end();
    else setTimeout(() => reply.destroy(), 20);
  });
}

const QUICK = { dialect: "openai-responses", retryDelay: 0 };
const CREATE = { ...QUICK, json: { background: true, stream: true }, headers: { authorization: "Bearer x" } };

async function whole(from, options) {
  const reply = deltas(from, options);
  let text = "";
  let error;
  try {
    for await (const delta of reply) if (delta.kind === "text") text += delta.text;
  } catch (thrown) {
    error = thrown;
  }
  return { text, error, outcome: await reply.outcome };
}

/** What a server was asked for: method, path, and behind which number; that no number went out in a header. */
function asked({ requests }) {
  return requests.map(({ method, url, headers }) => {
    assert.equal(headers["last-event-id"], undefined, url);
    const { pathname, searchParams } = new URL(url, "http://h");
    return [method, pathname, searchParams.get("starting_after")];
  });
}

async function at(server, run) {
  try {
    await run(await server);
  } finally {
    await (await server).stop();
  }
}

test("with resume: always it goes on by GET, as often as it breaks", () =>
  at(responses(2), async (server) => {
    const { text, outcome } = await whole(`${server.base}/v1/responses?api-version=1`, { ...CREATE, resume: "always" });
    assert.deepEqual([text, outcome.outcome, outcome.attempts], [WORDS.join(""), "complete", 4]);
    const path = "/v1/responses/resp_1%2F%C3%A9";
    assert.deepEqual(asked(server), [["POST", "/v1/responses", null], ["GET", path, "1"], ["GET", path, "3"], ["GET", path, "5"]]);
    for (const { url, body, headers } of server.requests.slice(1)) {
      const { searchParams } = new URL(url, "http://h");
      assert.deepEqual([searchParams.get("api-version"), searchParams.get("stream")], ["1", "true"]);
      assert.deepEqual([body, headers["content-type"], headers.authorization], ["", undefined, "Bearer x"]);
    }
  }));

test("a Request goes on alike", () =>
  at(responses(4), async (server) => {
    const body = JSON.stringify({ background: true });
    const request = new Request(`${server.base}/v1/responses/`, { method: "POST", body, headers: { "x-own": "1", "content-type": "application/json" } });
    const { text } = await whole(request, { ...QUICK, resume: "always" });
    assert.equal(text, WORDS.join(""));
    assert.deepEqual(asked(server), [["POST", "/v1/responses/", null], ["GET", "/v1/responses/resp_1%2F%C3%A9", "3"]]);
    assert.deepEqual([server.requests[1].headers["x-own"], server.requests[1].headers["content-type"]], ["1", undefined]);
  }));

test("one that is read by GET goes on by itself, also behind a number that was stored", () =>
  at(responses(3), async (server) => {
    const url = `${server.base}/v1/responses/r?stream=true`;
    assert.equal((await whole(url, QUICK)).text, WORDS.join(""));
    assert.equal((await whole(url, { ...QUICK, lastEventId: "2" })).text, WORDS.slice(2).join(""));
    const path = "/v1/responses/r";
    assert.deepEqual(asked(server), [["GET", path, null], ["GET", path, "2"], ["GET", path, "5"], ["GET", path, "2"], ["GET", path, "5"]]);
  }));

test("without the caller's word a POST is not answered twice", () =>
  at(responses(2), async (server) => {
    for (const more of [{}, { idempotent: true }, { resume: "never" }]) {
      const { outcome, error } = await whole(`${server.base}/v1/responses`, { ...CREATE, ...more });
      assert.deepEqual([outcome.outcome, outcome.attempts, error.code], ["truncated", 1, "truncated"]);
    }
    assert.equal((await whole(`${server.base}/v1/responses/r`, { ...QUICK, resume: "never" })).outcome.attempts, 1);
    assert.equal(asked(server).every(([, , after]) => after === null), true);
    // A number that was stored is of no use to one that is yet to be made.
    const before = server.requests.length;
    assert.throws(() => deltas(`${server.base}/v1/responses`, { ...CREATE, lastEventId: "2" }), { code: "usage", message: /lastEventId/ });
    assert.equal(server.requests.length, before);
    // An empty one is none.
    assert.equal((await whole(`${server.base}/v1/responses`, { ...CREATE, lastEventId: "" })).outcome.attempts, 1);
  }));

test("the caller's own way wins", () =>
  at(responses(4), async (server) => {
    const resume = (cursor) => ({ url: `${server.base}/mine?starting_after=${cursor}`, method: "GET" });
    assert.equal((await whole(`${server.base}/v1/responses`, { ...CREATE, resume })).text, WORDS.join(""));
    assert.deepEqual(asked(server), [["POST", "/v1/responses", null], ["GET", "/mine", "3"]]);
  }));

test("a response without an id cannot be gone on with", () =>
  at(responses(2, { id: false }), async (server) => {
    const { error } = await whole(`${server.base}/v1/responses`, { ...CREATE, resume: "always" });
    assert.deepEqual([error.code, server.requests.length], ["truncated", 1]);
  }));

test("other dialects keep the event ids of their streams", async () => {
  const server = await scripted((_, reply, number) => {
    reply.writeHead(200, SSE);
    const chunk = (content, finish_reason = null) => `id: ${number}\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
    if (number === 2) return reply.end(`${chunk("b", "stop")}data: [DONE]\n\n`);
    reply.write(chunk("a"));
    setTimeout(() => reply.destroy(), 20);
  });
  await at(server, async () => {
    const { text } = await whole(server.base, { dialect: "openai-chat", json: {}, resume: "always", retryDelay: 0 });
    assert.equal(text, "ab");
    assert.deepEqual(server.requests.map(({ method, headers }) => [method, headers["last-event-id"]]), [["POST", undefined], ["POST", "1"]]);
  });
});
