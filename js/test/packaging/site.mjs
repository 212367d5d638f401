// A folder as a web site, to which its pages say what came of them.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** `headers` go with every file. A page that is no file runs the script of its name. */
export async function site(folder, headers = {}) {
  let tell;
  const served = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site.test");
    if (request.method === "POST") {
      let body = "";
      for await (const piece of request.setEncoding("utf8")) body += piece;
      response.end();
      return tell(JSON.parse(body));
    }
    const type = TYPES[extname(pathname)];
    const file = await readFile(join(folder, pathname)).catch(() => extname(pathname) === ".html" && `<!doctype html><script type="module" src="${pathname.replace(/html$/, "js")}"></script>`);
    if (file instanceof Buffer) served.push(pathname.slice(1));
    response.writeHead(file ? 200 : 404, { "content-type": type ?? "text/plain", ...headers }).end(file || pathname);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    /** The files that were asked for. */
    served,
    /** What the page says that `open` opens. */
    result(open) {
      const told = new Promise((resolve) => (tell = resolve));
      return Promise.all([told, open()]).then(([result]) => result);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
