// Writes `?events=N` chat events, each in a chunk of its own that has left before the next one is written.
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  request.resume();
  const events = Number(new URL(request.url, "http://x").searchParams.get("events") ?? 1000);
  response.socket.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let n = 0; n < events; n++) {
    const data = { id: "chatcmpl-8a2f", object: "chat.completion.chunk", created: 1764000000, model: "gpt-x", choices: [{ index: 0, delta: { content: `token ${n} ` }, finish_reason: null }] };
    response.write(`data: ${JSON.stringify(data)}\n\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end("data: [DONE]\n\n");
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
