// Serves the page, and at /api/ the upstream that SERVE names, over connections that POST /cut breaks off. `cargo xtask demo --web` runs it.
import { readFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { extname, join, normalize } from "node:path";
import { pipeline } from "node:stream";
import { fileURLToPath } from "node:url";

const upstream = new URL(process.env.SERVE);
const here = fileURLToPath(new URL(".", import.meta.url));
/** The package as it was built, and where it was, the front-end in Rust. */
const FOLDERS = [
  ["/tidewire/", join(here, "../../js/dist")],
  ["/rust/", process.env.RUST_PAGE],
  ["/", here],
];
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

const open = new Set();

const server = createServer((request, response) => {
  const { pathname, search } = new URL(request.url, "http://page");
  if (pathname === "/cut" && request.method === "POST") {
    for (const connection of open) connection.destroy();
    response.writeHead(204).end();
  } else if (pathname.startsWith("/api/")) {
    pass(request, response, pathname.slice("/api".length) + search);
  } else {
    void file(pathname, response);
  }
});

/** Passes a request on, and each piece of the reply as it comes. */
function pass(request, response, path) {
  const { host: _, ...headers } = request.headers;
  const passed = ask(new URL(path, upstream), { method: request.method, headers }, (reply) => {
    open.add(response.socket);
    response.writeHead(reply.statusCode, reply.headers);
    response.flushHeaders();
    // What breaks upstream breaks here too.
    pipeline(reply, response, () => {});
  });
  passed.on("error", () => response.destroy());
  response.on("close", () => {
    open.delete(response.socket);
    passed.destroy();
  });
  request.pipe(passed);
}

async function file(pathname, response) {
  const [prefix, folder] = FOLDERS.find(([prefix]) => pathname.startsWith(prefix));
  const name = normalize(pathname.slice(prefix.length) || "index.html");
  try {
    if (folder === undefined || name.startsWith("..")) throw new Error("nothing is there");
    const path = join(folder, name.endsWith("/") ? `${name}index.html` : name);
    const bytes = await readFile(path);
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "cache-control": "no-store" }).end(bytes);
  } catch {
    response.writeHead(404).end("not found\n");
  }
}

server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
