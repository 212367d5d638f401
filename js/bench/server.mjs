// `/PACE/chat/completions?events=N` is that many chat events at one of the paces below. All else is a file of the folder that is named, in
// a page whose clock is exact.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { END, chunk } from "./chat.mjs";

const EXACT = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** How many events are written at a time, and what is waited for then. */
const PACES = {
  many: [250, (response) => response.writableNeedDrain && new Promise((resolve) => response.once("drain", resolve))],
  single: [1, () => new Promise((resolve) => setImmediate(resolve))],
  paced: [1, () => new Promise((resolve) => setTimeout(resolve, 1))],
};

const server = createServer(async (request, response) => {
  request.resume();
  const { pathname, searchParams } = new URL(request.url, "http://x");
  const pace = PACES[pathname.split("/")[1]];
  if (pace) return stream(response, Number(searchParams.get("events")), ...pace);
  const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
  const file = type === "text/html" ? "<!doctype html>" : await readFile(join(process.argv[2], pathname)).catch(() => undefined);
  response.writeHead(file === undefined ? 404 : 200, { "content-type": type, ...EXACT }).end(file);
});
// Ends with who started it, however that ends.
process.stdin.resume().on("end", () => process.exit());
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));

async function stream(response, events, atOnce, wait) {
  response.socket.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for (let n = 0; n < events; n += atOnce) {
    let text = "";
    for (let next = n; next < Math.min(n + atOnce, events); next++) text += `data: ${chunk(next)}\n\n`;
    response.write(text);
    await wait(response);
  }
  response.end(END);
}
