// A test server on better-sse and express; README.md lists what it answers.
//
// node better_sse.mjs PORT     (next to the node_modules that `cargo xtask test` installs)

import { setTimeout as sleep } from "node:timers/promises";
import { createSession } from "better-sse";
import express from "express";

// The same words as in wire.py.
const WORDS = ["潮水", "来了", "，", "tide", " 🌊", " in", ",", " 潮水", "退了", " 👩‍💻", "."];
const ERROR = { error: { message: "the tide is out", type: "overloaded_error" } };
const SILENCE_MS = 3000;

const app = express();

app.get("/events", async (request, response) => {
  const first = firstAfter(request);
  const last = number(request, "n", 10);
  if (first > last) return response.status(204).end();
  const session = await open(request, response);
  for (let n = first; n <= last && session.isConnected; n += 1) {
    pushEvent(session, n);
    await sleep(number(request, "interval_ms", 10));
  }
  response.end();
});

app.post("/chat", async (request, response) => {
  const session = await open(request, response);
  for (const chunk of chatChunks()) {
    if (!session.isConnected) break;
    // better-sse would invent an id; OpenAI sends none.
    response.write(`data: ${chunk}\n\n`);
    await sleep(number(request, "interval_ms", 10));
  }
  response.end();
});

app.get("/ndjson", async (request, response) => {
  response.set("Content-Type", "application/x-ndjson");
  for (let index = 0; index < number(request, "n", 10) && !response.destroyed; index += 1) {
    response.write(`${JSON.stringify({ index, text: eventData(index) })}\n`);
    await sleep(number(request, "interval_ms", 10));
  }
  response.end();
});

app.get("/silent", async (request, response) => {
  const session = await open(request, response);
  pushEvent(session, 1);
  await sleep(number(request, "ms", SILENCE_MS));
  if (!session.isConnected) return;
  pushEvent(session, 2);
  pushEvent(session, 3);
  response.end();
});

// Breaks inside a character of an event by destroying the socket during the response.
app.all("/cut", async (request, response) => {
  const first = firstAfter(request);
  const last = number(request, "n", 10);
  const after = number(request, "after", 3);
  if (first > last) return response.status(204).end();
  const session = await open(request, response);
  for (let n = first; n < first + after && n <= last; n += 1) pushEvent(session, n);
  if (first + after > last) return response.end();
  const half = Buffer.from(`id: ${first + after}\ndata: ${eventData(first + after)}`).subarray(0, -2);
  response.write(half, () => response.socket.destroy());
});

app.get("/error", (_request, response) => {
  response.status(503).json(ERROR);
});

app.listen(Number(process.argv[2]), "127.0.0.1");

function open(request, response) {
  return createSession(request, response, { serializer: (data) => data, keepAlive: 1000 });
}

function pushEvent(session, n) {
  session.push(eventData(n), "message", String(n));
}

function eventData(n) {
  return `tide ${n} 潮汐 🌊`;
}

function* chatChunks() {
  yield chatChunk({ role: "assistant", content: "" });
  for (const content of WORDS) yield chatChunk({ content });
  yield chatChunk({});
  yield "[DONE]";
}

function chatChunk(delta) {
  const finish_reason = Object.keys(delta).length === 0 ? "stop" : null;
  return JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1700000000,
    model: "tide-1",
    choices: [{ index: 0, delta, finish_reason }],
  });
}

function firstAfter(request) {
  return Number(request.get("Last-Event-ID") ?? 0) + 1;
}

function number(request, name, fallback) {
  return Number(request.query[name] ?? fallback);
}
