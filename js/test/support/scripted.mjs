// A server whose replies a test writes itself, and which counts what arrives.
import { createServer } from "node:http";
import { after } from "node:test";
export { take } from "../browser/page/take.mjs";

const running = new Set();
// A test that failed has left its server running, which would keep this process alive.
after(() => Promise.all([...running].map((server) => stop(server))));

async function stop(server) {
  running.delete(server);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** `reply(request, response, number)` answers the request of that number, counted from 1. */
export async function scripted(reply) {
  const requests = [];
  const server = createServer((request, response) => {
    const seen = { method: request.method, url: request.url, headers: request.headers, closed: false, body: "" };
    requests.push(seen);
    response.on("close", () => (seen.closed = !response.writableFinished));
    request.setEncoding("utf8").on("data", (text) => (seen.body += text));
    request.on("end", () => reply(request, response, requests.length));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.add(server);
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () => stop(server),
  };
}

export const SSE = { "content-type": "text/event-stream" };

/** Waits until something is so; a test's own limit of time ends what never is. */
export async function until(isSo) {
  while (!isSo()) await sleep(5);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
