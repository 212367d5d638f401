// `tidewire/llm` as who imports it uses it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TidewireError, parse, stream } from "../dist/index.js";
import { llm } from "./support/llm.mjs";
import { SSE, scripted, take as all } from "./support/scripted.mjs";

const { createParser, deltas } = llm;
const bytes = (text) => new TextEncoder().encode(text);
const chat = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const DONE = "data: [DONE]\n\n";
const HELLO = chat({ content: "Hel" }) + chat({ content: "lo 世界" }) + chat({}, "stop") + DONE;
const call = (fragment, more = {}) => chat({ tool_calls: [{ index: 0, ...more, function: { ...(more.id && { name: "f" }), arguments: fragment } }] });
const CALL = call("", { id: "t1" });
const response = (text) => new Response(text, { headers: SSE });
const texts = (list) => list.filter(({ kind }) => kind === "text").map(({ text }) => text);

async function take(reply) {
  const { items, error, outcome } = await all(reply);
  return { seen: items, error, outcome: outcome.outcome };
}

test("a request: its deltas, message, outcome and statistics", async () => {
  const server = await scripted((_, reply) => reply.writeHead(200, SSE).end(HELLO));
  try {
    const reply = deltas(`${server.base}/chat`, { dialect: "openai-chat", json: { a: 1 }, headers: { authorization: "secret" } });
    const { seen, error, outcome } = await take(reply);
    assert.equal(error, undefined);
    assert.deepEqual(seen, [
      { kind: "start", id: "c1", model: "m", created: "" },
      { kind: "text", choice: 0, text: "Hel" },
      { kind: "text", choice: 0, text: "lo 世界" },
      { kind: "finish", choice: 0, reason: "stop", said: "stop" },
    ]);
    assert.equal(outcome, "complete");
    const message = await reply.message;
    assert.deepEqual([message.text, message.finish, message.model, message.dialect], ["Hello 世界", "stop", "m", "openai-chat"]);
    assert.equal(message, reply.soFar);
    assert.deepEqual([reply.stats.events, reply.stats.attempts], [3, 1]);
    const [{ method, body, headers }] = server.requests;
    assert.deepEqual([method, body, headers.authorization], ["POST", '{"a":1}', "secret"]);
  } finally {
    await server.stop();
  }
});

test("a reply that is there: a Response, a stream of bytes, any bytes that can be iterated", async () => {
  for (const from of [response(HELLO), response(HELLO).body, (async function* () { for (const byte of bytes(HELLO)) yield Uint8Array.of(byte); })()]) {
    const { seen, outcome } = await take(deltas(from));
    assert.equal(texts(seen).join(""), "Hello 世界");
    assert.equal(outcome, "complete");
  }
});

test("text alone, batches, and the whole without a loop", async () => {
  let text = "";
  for await (const piece of deltas(response(HELLO)).text()) text += piece;
  assert.equal(text, "Hello 世界");
  const batches = [];
  for await (const batch of deltas(response(HELLO)).batches()) batches.push(batch);
  assert.equal(batches.length, 1);
  assert.equal(texts(batches[0]).join(""), "Hello 世界");
  assert.equal((await deltas(response(HELLO)).whole()).text, "Hello 世界");
});

test("what is cut off is truncated: the loop throws, the message rejects alike, and what came is there", async () => {
  const reply = deltas(response(HELLO.slice(0, -(chat({}, "stop") + DONE).length)), { dialect: "openai-chat" });
  const message = reply.message.catch((error) => error);
  const { seen, error, outcome } = await take(reply);
  assert.ok(error instanceof TidewireError && error.code === "truncated", String(error));
  assert.deepEqual(texts(seen), ["Hel", "lo 世界"]);
  assert.equal(outcome, "truncated");
  assert.equal((await message).code, "truncated");
  assert.equal(reply.soFar.text, "Hello 世界");
  await assert.rejects(deltas(response(CALL)).whole(), { code: "truncated" });
});

test("a message that nobody waits for is no unhandled rejection", async () => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const reply = deltas(response(CALL));
  void reply.message;
  await take(reply);
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("the message reads the reply itself if nobody else does", async () => {
  assert.equal((await deltas(response(HELLO)).message).text, "Hello 世界");
  const { message, outcome } = deltas(response(HELLO));
  assert.ok(message instanceof Promise);
  assert.equal((await message.finally(() => {})).finish, "stop");
  assert.equal((await outcome).outcome, "complete");
  assert.equal((await Promise.all([deltas(response(HELLO)).message]))[0].text, "Hello 世界");
  await assert.rejects(deltas(response(CALL), { dialect: "openai-chat" }).message, { code: "truncated" });
  const reply = deltas(response(HELLO));
  assert.equal((await reply.message).text, "Hello 世界");
  assert.deepEqual([(await reply.whole()).text, reply.state], ["Hello 世界", "closed"]);
  // A loop behind it would have nothing, and think that nothing came.
  await assert.rejects(reply.next(), { code: "usage" });
});

test("the message alone sends nothing; waiting for it does", async () => {
  let requests = 0;
  const fetch = async () => (requests++, response(HELLO));
  const { message } = deltas("http://a.invalid/", { fetch });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(requests, 0);
  assert.equal((await message).text, "Hello 世界");
  assert.equal(requests, 1);
});

test("a loop that begins in the same turn as somebody waits for the message has every delta", async () => {
  for (const wait of [(reply) => reply.message, (reply) => reply.message.catch(() => {}), (reply) => Promise.resolve(reply.message)]) {
    const reply = deltas(response(HELLO));
    const message = wait(reply);
    const { seen } = await take(reply);
    assert.equal(texts(seen).join(""), "Hello 世界");
    assert.equal((await message).text, "Hello 世界");
  }
  const late = deltas(response(HELLO));
  for await (const delta of late) if (delta.kind === "text") void late.message.then(() => {});
  assert.equal((await late.message).text, "Hello 世界");
});

test("a loop that begins later is told that it would miss some", async () => {
  let send;
  const body = new ReadableStream({ start: (controller) => (send = (text) => controller.enqueue(bytes(text))) });
  const reply = deltas(body, { dialect: "openai-chat", format: "sse" });
  const { message } = reply;
  const text = message.then(({ text }) => text);
  await new Promise((resolve) => setTimeout(resolve, 10));
  await assert.rejects(reply.next(), { code: "usage" });
  // Which does not disturb who waits.
  assert.equal(reply.state, "open");
  send(HELLO);
  assert.equal(await text, "Hello 世界");
  assert.equal((await reply.drain()).outcome, "complete");
});

test("who reads a part and then waits for the message has to read the rest", async () => {
  const reply = deltas(response(HELLO));
  await reply.next();
  const waiting = reply.message.then(({ text }) => text);
  assert.equal(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 20))]), undefined);
  assert.equal((await reply.whole()).text, "Hello 世界");
  assert.equal(await waiting, "Hello 世界");
});

test("close() stops the message that reads, and an abort gives it its reason", async () => {
  const endless = () => new ReadableStream({ start: (controller) => controller.enqueue(bytes(chat({ content: "a" }))) });
  const closed = deltas(endless(), { format: "sse" });
  const waiting = closed.message.catch((error) => error);
  await new Promise((resolve) => setTimeout(resolve, 10));
  closed.close();
  assert.equal((await waiting).code, "cancelled");
  const abort = new AbortController();
  const aborted = deltas(endless(), { format: "sse", signal: abort.signal }).message.catch((error) => error);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const reason = new Error("enough");
  abort.abort(reason);
  assert.equal(await aborted, reason);
});

test("a dialect that is none names those that are, and a missing one is auto", async () => {
  for (const dialect of ["openai", "", "generic:", 7]) {
    assert.throws(() => deltas("http://a.invalid/", { dialect }), { code: "usage", message: /dialect: .*"?openai-chat"?, .*generic, or generic:PATH/ });
    assert.throws(() => createParser({ dialect }), { code: "usage", message: /generic:PATH/ });
  }
  const [names] = /auto, .*, generic/.exec((() => { try { deltas("", { dialect: "none" }); } catch ({ message }) { return message; } })());
  for (const dialect of names.split(", ")) createParser({ dialect }).free();
  assert.equal((await deltas(response(HELLO), { dialect: undefined }).whole()).text, "Hello 世界");
});

test("a parser whose end() throws a bad record has the message at another call", async () => {
  const parser = createParser({ dialect: "openai-chat", format: "sse" });
  const bad = "data: {bad\n\n";
  assert.throws(() => parser.push(bytes(chat({ content: "a" }) + bad + bad + chat({ content: "b" }, "stop") + DONE)), { code: "bad_record" });
  assert.throws(() => parser.end(), { code: "bad_record" });
  assert.equal(parser.end().text, "ab");
});

test("an error that the provider reports is a delta, and then decides", async () => {
  const fault = 'data: {"error":{"message":"too many","type":"rate_limit_exceeded","code":"rate_limit_exceeded"}}\n\n';
  const reply = deltas(response(chat({ content: "a" }) + fault + chat({ content: "b" }) + DONE));
  const { seen, error, outcome } = await take(reply);
  assert.deepEqual(seen.at(-1), { kind: "error", code: "rate_limit_exceeded", message: "too many", retryable: true });
  assert.deepEqual([error.code, outcome], ["failed", "failed"]);
  await assert.rejects(reply.message, { code: "failed", message: /too many/ });
  assert.equal(reply.soFar.text, "a");
});

test("break, close and abort", async () => {
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(bytes(chat({ content: "a" }))) });
  const broken = deltas(endless);
  for await (const { kind } of broken) if (kind === "text") break;
  assert.equal((await broken.outcome).outcome, "cancelled");
  await assert.rejects(broken.message, { code: "cancelled" });

  const closed = deltas(response(HELLO));
  closed.close();
  assert.deepEqual(await closed.next(), { done: true, value: undefined });

  const server = await scripted((_, reply) => reply.writeHead(200, SSE).write(chat({ content: "a" })));
  try {
    const abort = new AbortController();
    const reply = deltas(server.base, { dialect: "openai-chat", signal: abort.signal });
    const reason = new Error("enough");
    const seen = [];
    await assert.rejects(async () => {
      for await (const delta of reply) {
        seen.push(delta.kind);
        if (delta.kind === "text") abort.abort(reason);
      }
    }, reason);
    assert.deepEqual(seen, ["start", "text"]);
    await assert.rejects(reply.message, reason);
  } finally {
    await server.stop();
  }
});

test("a record that is no JSON: told, or thrown where nobody listens", async () => {
  const body = chat({ content: "a" }) + "data: {nonsense\n\n" + chat({ content: "b" }) + chat({}, "stop") + DONE;
  const told = [];
  const heard = await take(deltas(response(body), { onError: ({ code }) => told.push(code) }));
  assert.deepEqual([told, texts(heard.seen), heard.outcome], [["bad_record"], ["a", "b"], "complete"]);
  const { error } = await take(deltas(response(body)));
  assert.equal(error.code, "bad_record");
  // What has a hole is not whole.
  await assert.rejects(deltas(response(body)).whole(), { code: "bad_record" });
  assert.equal((await deltas(response(body), { onError() {} }).whole()).text, "ab");

  const parser = createParser({ onDelta() {} });
  assert.throws(() => parser.push(bytes(body)), { code: "bad_record" });
  // It was said; the reply is whole all the same.
  assert.equal(parser.end().text, "ab");
});

test("a followed reply that begins anew is not told twice in its message", async () => {
  const server = await scripted((_, reply, number) => {
    reply.writeHead(200, SSE);
    if (number > 1) return reply.end(HELLO);
    reply.write(chat({ content: "Hel" }) + CALL);
    setTimeout(() => reply.destroy(), 50);
  });
  try {
    const gaps = [];
    const options = { dialect: "openai-chat", follow: true, retryDelay: 0, onGap: (after) => gaps.push(after) };
    const { text, toolCalls } = await deltas(server.base, options).whole();
    assert.deepEqual([text, toolCalls, gaps], ["Hello 世界", [], [undefined]]);
  } finally {
    await server.stop();
  }
});

test("options that cannot be so", () => {
  assert.throws(() => deltas("http://a.invalid/", { dialect: "openai" }), { code: "usage", message: /dialect/ });
  assert.throws(() => createParser({ dialect: "openai" }), { code: "usage" });
  assert.throws(() => deltas("http://a.invalid/", { endOn: "json:" }), { code: "usage" });
  // The core without dialects knows none.
  assert.throws(() => stream("http://a.invalid/", { dialect: "openai-chat" }), { code: "usage" });
  assert.throws(() => createParser({}).push("text"), { code: "usage" });
});

test("a generic reply by its path, and the limits of a stream", async () => {
  const body = 'data: {"out":{"words":"a"}}\n\ndata: {"out":{"words":"b"}}\n\n';
  const { seen, outcome } = await take(deltas(response(body), { dialect: "generic:out.words" }));
  assert.deepEqual([texts(seen), outcome], [["a", "b"], "ended"]);
  const large = await take(deltas(response(chat({ content: "x".repeat(2000) })), { maxEventBytes: 1000 }));
  assert.deepEqual([large.error.code, large.error.limit], ["unreadable", 1000]);
});

test("fed by hand: deltas, the message, and whether it is whole", () => {
  const seen = [];
  const parser = createParser({ dialect: "openai-chat", onDelta: (delta) => seen.push(delta) });
  for (const byte of bytes(HELLO)) parser.push(Uint8Array.of(byte));
  assert.equal(parser.soFar.text, "Hello 世界");
  assert.equal(parser.end().text, "Hello 世界");
  assert.deepEqual(texts(seen), ["Hel", "lo 世界"]);
  assert.throws(() => parser.push(bytes("a")), { code: "usage" });

  const cut = createParser({ dialect: "openai-chat" });
  cut.push(bytes(HELLO.slice(0, 50)));
  assert.throws(() => cut.end(), { code: "truncated" });
  cut.free();
});

test("fed by hand, a reply that ends inside a record is not whole, in a dialect whose replies just end too", () => {
  const body = bytes('data: {"out":"a"}\n\ndata: {"out":"b"}\n\n');
  const fed = (length) => {
    const parser = createParser({ dialect: "generic:out" });
    parser.push(body.subarray(0, length));
    return parser.end();
  };
  assert.equal(fed(body.length).text, "ab");
  assert.throws(() => fed(body.length - 1), { code: "truncated" });
});

test("a handler that throws loses no delta, and one that pushes is told so", () => {
  const seen = [];
  const parser = createParser({
    onDelta(delta) {
      seen.push(delta.kind);
      if (seen.length === 2) throw new Error("mine");
    },
  });
  assert.throws(() => parser.push(bytes(HELLO)), /mine/);
  assert.deepEqual(parser.end().text, "Hello 世界");
  assert.deepEqual(seen, ["start", "text", "text", "finish"]);

  const own = createParser({ onDelta: () => own.push(bytes("data: x\n\n")) });
  assert.throws(() => own.push(bytes(HELLO)), { code: "usage", message: /inside onDelta/ });
  own.free();
  own.free();
});

test("arguments grow", () => {
  const shown = [];
  const parser = createParser({
    onDelta(delta) {
      if (delta.kind === "arguments") shown.push(JSON.stringify(parser.soFar.toolCalls[0].arguments));
    },
  });
  parser.push(bytes(CALL));
  for (const fragment of ['{"a":"x', "y\\", 'n","b":[1', ",tr", 'ue,{"__proto__":"p', '","1":null', "}]}"]) parser.push(bytes(call(fragment)));
  assert.deepEqual(shown, [
    '{"a":"x"}',
    '{"a":"xy"}',
    '{"a":"xy\\n","b":[]}',
    '{"a":"xy\\n","b":[1]}',
    '{"a":"xy\\n","b":[1,true,{"__proto__":"p"}]}',
    '{"a":"xy\\n","b":[1,true,{"1":null,"__proto__":"p"}]}',
    '{"a":"xy\\n","b":[1,true,{"1":null,"__proto__":"p"}]}',
  ]);
  parser.push(bytes(chat({}, "tool_calls") + DONE));
  const [{ id, name, arguments: value, argumentsText }] = parser.end().toolCalls;
  assert.deepEqual([id, name], ["t1", "f"]);
  assert.deepEqual(value, JSON.parse(argumentsText));
  assert.equal(Object.getPrototypeOf(value.b[2]), Object.prototype);
});

test("arguments that grow come to what JSON.parse says, in fragments of every size", () => {
  const values = [{}, [], "a\"\\\n\u0000世😀", -1.5e3, true, null, { a: { b: [[], {}, [{ c: "" }]] }, "": 0, a1: [1, 2, "x"] }];
  const text = JSON.stringify({ values, twice: 1 }, null, 1).replace(/\}$/, ',"twice":{"z":"\\ud83d\\ude00"}}');
  for (let size = 1; size <= text.length; size++) {
    const parser = createParser({});
    parser.push(bytes(CALL));
    for (let at = 0; at < text.length; at += size) parser.push(bytes(call(text.slice(at, at + size))));
    assert.deepEqual(parser.soFar.toolCalls[0].arguments, JSON.parse(text), `by ${size}`);
    parser.free();
  }
});

test("arguments that are no JSON, that stop short, or come in one large piece", () => {
  const whole = (...fragments) => {
    const parser = createParser({});
    for (const one of [CALL, ...fragments.map((fragment) => call(fragment)), chat({}, "tool_calls"), DONE]) parser.push(bytes(one));
    return [parser.soFar.toolCalls[0].arguments, parser.end().toolCalls[0]];
  };
  let [soFar, { arguments: value, argumentsText }] = whole('{"a":1,', "oops}");
  assert.deepEqual([soFar, value, argumentsText], [{ a: 1 }, undefined, '{"a":1,oops}']);
  [soFar, { arguments: value }] = whole('{"a":');
  assert.deepEqual([soFar, value], [{}, undefined]);
  [soFar, { arguments: value, argumentsText }] = whole();
  assert.deepEqual([soFar, value, argumentsText], [undefined, {}, ""]);
  const large = JSON.stringify({ list: new Array(50_000).fill(7) });
  [soFar, { arguments: value }] = whole(large);
  assert.deepEqual([soFar, value], [undefined, JSON.parse(large)]);
});

test("a hundred thousand fragments of one character are linear", () => {
  const time = (characters) => {
    const item = '{"name":"a value","n":12.5,"list":[true,null]},';
    const text = `[${item.repeat(characters / item.length)}0]`;
    const pieces = Array.from(text, (character) => bytes(call(character)));
    let lengths = 0;
    const parser = createParser({ onDelta: () => (lengths += parser.soFar.toolCalls[0].arguments?.length ?? 0) });
    parser.push(bytes(CALL));
    const began = performance.now();
    for (const piece of pieces) parser.push(piece);
    const took = performance.now() - began;
    assert.deepEqual(parser.soFar.toolCalls[0].arguments, JSON.parse(text));
    parser.free();
    return took;
  };
  time(12_500);
  const best = (characters) => Math.min(time(characters), time(characters), time(characters));
  const [some, many] = [best(12_500), best(100_000)];
  // Eight times as much takes 8 times as long, and 64 times if each fragment costs what is there already.
  assert.ok(many < some * 24, `${some} ms, ${many} ms`);
});

test("both cores in one page, by turns", async () => {
  const plain = parse(response("data: a\n\ndata: b\n\n"));
  const reply = deltas(response(HELLO));
  assert.equal((await plain.next()).value.data, "a");
  assert.equal((await reply.next()).value.kind, "start");
  assert.equal((await plain.next()).value.data, "b");
  assert.equal((await reply.next()).value.text, "Hel");
  await Promise.all([plain.drain(), reply.drain()]);
  assert.equal(llm.TidewireError, TidewireError);
});

test("ten thousand replies take no more memory than one", async () => {
  const { core } = await import("../dist/core.js");
  const use = () => {
    const parser = createParser({ dialect: "openai-chat" });
    parser.push(bytes(chat({ content: "a".repeat(20_000) }) + CALL + call('{"a":"half')));
    parser.free();
  };
  use();
  const before = core().exports.memory.buffer.byteLength;
  for (let count = 0; count < 10_000; count++) use();
  assert.equal(core().exports.memory.buffer.byteLength, before);
});

test("sixteen times as many choices, or calls, take sixteen times as long, and not its square", () => {
  const shapes = {
    choices: (index) => [{ index, delta: { content: "a" } }],
    calls: (index) => [{ index: 0, delta: { tool_calls: [{ index, id: `c${index}`, function: { name: "f", arguments: "1" } }] } }],
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const time = (count) => {
      const body = Array.from({ length: 2 * count }, (_, at) => `data: ${JSON.stringify({ choices: shape(at % count) })}\n\n`);
      const input = bytes(body.join(""));
      let best = Infinity;
      for (let round = 0; round < 3; round++) {
        const parser = createParser({ dialect: "openai-chat" });
        const began = performance.now();
        parser.push(input);
        best = Math.min(best, performance.now() - began);
        parser.free();
      }
      return best;
    };
    // So many that each looking at all others would show.
    const [some, many] = [time(2_500), time(40_000)];
    assert.ok(many < some * 80, `${name}: ${some} ms, sixteen times as many ${many} ms`);
  }
});

test("arguments are at the end what JSON.parse makes of their text, whatever it is", () => {
  const texts = ["", "{}", "[]", '{"a":{"b":[1,{}]},"a":2,"__proto__":3}', '{"a":"\\ud83d"}', '"a', '"a"', "12", "null", "{}x", '{"a":1', "{,", '["\\ud83c\\udf0a",1e400]'];
  // In one piece that is too large to be shown while it grows, too.
  texts.push(JSON.stringify({ a: "x".repeat(70_000) }));
  for (const text of texts) {
    for (const size of [1, 3, text.length || 1]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
      if (pieces.length > 1000) continue;
      const parser = createParser({ dialect: "openai-chat" });
      parser.push(bytes(CALL + pieces.map((piece) => call(piece)).join("") + chat({}, "tool_calls") + DONE));
      let want;
      try {
        want = JSON.parse(text || "{}");
      } catch {}
      const [{ arguments: have, argumentsText }] = parser.end().toolCalls;
      assert.deepEqual([have, argumentsText], [want, text]);
    }
  }
});

test("a piece that is like the one before it and says nothing says nothing", () => {
  const seen = [];
  const parser = createParser({ dialect: "openai-chat", onDelta: (delta) => seen.push(delta) });
  parser.push(bytes(chat({ role: "assistant", content: "" }) + chat({ content: "a" }) + chat({ content: "b" })));
  parser.push(bytes(chat({ content: "" })));
  parser.push(bytes(chat({ content: "c" })));
  assert.deepEqual([seen.map(({ kind }) => kind), texts(seen)], [["start", "text", "text", "text"], ["a", "b", "c"]]);
  parser.free();
});
