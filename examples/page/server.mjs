// The server of the demo pages. It forwards /api/ to the upstream in SERVE; POST /cut breaks those connections. `cargo xtask demo --web` runs it.
import { readFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { extname, join, normalize } from "node:path";
import { pipeline } from "node:stream";
import { fileURLToPath } from "node:url";

const upstream = new URL(process.env.SERVE);
const here = fileURLToPath(new URL(".", import.meta.url));
/** URL prefixes and the folders they serve: the built package, the Rust front end (if RUST_PAGE is set), and this folder. */
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
    forward(request, response, pathname.slice("/api".length) + search);
  } else {
    void file(pathname, response);
  }
});

/** Forwards a request, and each piece of the response as it arrives. */
function forward(request, response, path) {
  const { host: _, ...headers } = request.headers;
  const forwarded = ask(new URL(path, upstream), { method: request.method, headers }, (incoming) => {
    open.add(response.socket);
    response.writeHead(incoming.statusCode, incoming.headers);
    response.flushHeaders();
    // If the upstream's body breaks, so does this one.
    pipeline(incoming, response, () => {});
  });
  forwarded.on("error", () => response.destroy());
  response.on("close", () => {
    open.delete(response.socket);
    forwarded.destroy();
  });
  request.pipe(forwarded);
}

async function file(pathname, response) {
  const [prefix, folder] = FOLDERS.find(([prefix]) => pathname.startsWith(prefix));
  const name = normalize(pathname.slice(prefix.length) || "index.html");
  try {
    if (folder === undefined || name.startsWith("..")) throw new Error("no such file");
    const path = join(folder, name.endsWith("/") ? `${name}index.html` : name);
    const bytes = await readFile(path);
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "cache-control": "no-store" }).end(bytes);
  } catch {
    response.writeHead(404).end("not found\n");
  }
}

server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
