// What a page of these tests talks to: its own files, replies that the page itself writes, and where it says how its test went. A second
// port is another origin, which allows what such servers usually allow and no more.
import { once } from "node:events";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { extname } from "node:path";

const ROOTS = { "/dist/": new URL("../../dist/", import.meta.url), "/page/": new URL("page/", import.meta.url) };
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "Content-Type, Authorization" };

/** `told(what, given)` is asked to do what a page cannot do itself; what it returns is the answer. */
export async function pages(told) {
  const logs = new Map();
  const results = new Map();
  // Another origin at which nobody listens any more.
  const gone = createServer();
  await new Promise((resolve) => gone.listen(0, "127.0.0.1", resolve));
  const down = `http://127.0.0.1:${gone.address().port}`;
  await new Promise((resolve) => gone.close(resolve));
  const server = createServer((request, response) => void answer(request, response, {}));
  const other = createServer((request, response) => void answer(request, response, CORS));
  await Promise.all([server, other].map((each) => new Promise((resolve) => each.listen(0, "127.0.0.1", resolve))));

  async function answer(request, response, headers) {
    const url = new URL(request.url, "http://localhost");
    const body = await bodyOf(request);
    const reply = (status, type, text) => response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers }).end(text);
    const root = Object.keys(ROOTS).find((root) => url.pathname.startsWith(root));
    if (url.pathname === "/script") {
      const log = entry(logs, url.searchParams.get("key"), () => []);
      const { method, headers: sent } = request;
      log.push({ method, headers: sent, body });
      if (method === "OPTIONS") return response.writeHead(204, headers).end();
      const seen = log.at(-1);
      const replies = JSON.parse(url.searchParams.get("s"));
      const number = log.filter(({ method }) => method !== "OPTIONS").length;
      await play(replies[Math.min(number, replies.length) - 1], request, response, headers, seen);
    } else if (url.pathname === "/log") {
      reply(200, "application/json", JSON.stringify(logs.get(url.searchParams.get("key")) ?? []));
    } else if (url.pathname === "/result") {
      entry(results, url.searchParams.get("id"), later).resolve(JSON.parse(body));
      reply(200, "text/plain", "");
    } else if (url.pathname === "/do") {
      reply(200, "application/json", JSON.stringify((await told(...JSON.parse(body))) ?? null));
    } else if (url.pathname === "/joined") {
      await passOn(url.searchParams.get("from"), request, response);
    } else if (url.pathname === "/elsewhere") {
      reply(200, "text/html", "<!doctype html><title>elsewhere</title>");
    } else if (root !== undefined) {
      try {
        const policy = url.searchParams.has("csp") ? { "content-security-policy": "script-src 'self'" } : {};
        const text = readFileSync(new URL(url.pathname.slice(root.length), ROOTS[root]));
        // A page that may not be stored is not kept for a way back.
        const cache = url.searchParams.has("kept") ? "no-cache" : "no-store";
        response.writeHead(200, { "content-type": TYPES[extname(url.pathname)], "cache-control": cache, ...policy }).end(text);
      } catch {
        reply(404, "text/plain", url.pathname);
      }
    } else {
      reply(404, "text/plain", url.pathname);
    }
  }

  const port = (each) => `http://127.0.0.1:${each.address().port}`;
  return {
    base: port(server),
    other: port(other),
    down,
    result: (id) => entry(results, id, later).promise,
    async stop() {
      for (const each of [server, other]) {
        each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  };
}

/** A reply as a script says it: `{ status, headers, parts, end }`, whose parts are texts, bytes as hex, waits and what the request said. */
async function play({ status = 200, headers = {}, parts = [], end = "end" }, request, response, cors, seen) {
  const began = performance.now();
  response.on("close", () => Object.assign(seen, { ended: response.writableFinished ? "end" : "closed", endedMs: performance.now() - began }));
  if (end === "none") return;
  if (end === "refuse") return void request.socket.destroy();
  response.writeHead(status, { "content-type": "text/event-stream", ...cors, ...headers });
  response.flushHeaders();
  for (const part of parts) {
    if (response.destroyed) return;
    if (typeof part === "string") response.write(part);
    else if (part.hex) response.write(Buffer.from(part.hex, "hex"));
    else if (part.wait) await new Promise((resolve) => setTimeout(resolve, part.wait));
    else response.write(`data: ${Buffer.from(request.headers[part.echo] ?? "none", "latin1")}\n\n`);
  }
  if (end === "end") response.end();
  // What was written goes first.
  else if (end === "cut") setTimeout(() => response.destroy(), 20);
}

/** Passes a response on in pieces of this many bytes. */
const JOINED = 16 * 1024;
async function passOn(from, request, response) {
  const over = new AbortController();
  response.on("close", () => over.abort());
  const headers = Object.fromEntries(["accept", "last-event-id"].flatMap((name) => (request.headers[name] ? [[name, request.headers[name]]] : [])));
  try {
    const upstream = await fetch(from, { headers, signal: over.signal });
    response.writeHead(upstream.status, { "content-type": upstream.headers.get("content-type") ?? "" });
    let held = [];
    let length = 0;
    for await (const piece of upstream.body ?? []) {
      held.push(piece);
      length += piece.length;
      if (length < JOINED) continue;
      if (!response.write(Buffer.concat(held))) await once(response, "drain", { signal: over.signal });
      held = [];
      length = 0;
    }
    response.end(Buffer.concat(held));
  } catch {
    response.destroy();
  }
}

function entry(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

function later() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

async function bodyOf(request) {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) text += piece;
  return text;
}
