// `/chat/completions?events=N` is that many chat events, each in a chunk of its own that has left before the next one is written. All else
// is a file of the folder that is named, in a page whose clock is exact.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

const EXACT = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

const server = createServer(async (request, response) => {
  request.resume();
  const { pathname, searchParams } = new URL(request.url, "http://x");
  if (pathname === "/chat/completions") return stream(response, Number(searchParams.get("events")));
  const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
  const file = type === "text/html" ? "<!doctype html>" : await readFile(join(process.argv[2], pathname)).catch(() => undefined);
  response.writeHead(file === undefined ? 404 : 200, { "content-type": type, ...EXACT }).end(file);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

async function stream(response, events) {
  response.socket.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for (let n = 0; n < events; n++) {
    const data = { id: "chatcmpl-8a2f", object: "chat.completion.chunk", created: 1764000000, model: "gpt-x", choices: [{ index: 0, delta: { content: `token ${n} ` }, finish_reason: null }] };
    response.write(`data: ${JSON.stringify(data)}\n\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end("data: [DONE]\n\n");
}
