// The two builds. Each has its own modules and its own core, for they are imported from different folders.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** `entry` is what a build exports for SSE and text, `records` for the JSON formats, `source` for `EventSource`. */
export async function load(folder, { entry, records, source }) {
  const from = (name) => import(pathToFileURL(resolve(folder, name)).href);
  const [{ createClient, createParser, parse, stream, init }, json, { EventSource }] = await Promise.all([entry, records ?? entry, source].map(from));
  // Of an entry whose core the host compiles.
  init?.(new WebAssembly.Module(readFileSync(resolve(folder, "core.wasm"))));
  if (json.init !== init) json.init?.(new WebAssembly.Module(readFileSync(resolve(folder, "core.wasm"))));
  return { createClient, createParser, parse, stream, createRecordParser: json.createParser, EventSource };
}

const FORMATS = { ndjson: "application/x-ndjson", "json-seq": "application/json-seq", "json-array": "application/json", concat: "application/json" };

/** Has a build fetch now what it fetches on demand, so that no case has to wait for a file. */
export async function warmUp({ parse, stream }) {
  const redirected = async (url) => (String(url).endsWith("/a") ? Response.redirect("http://a.invalid/b", 307) : new Response(null, { status: 204 }));
  await stream("http://a.invalid/a", { fetch: redirected }).drain();
  for (const [format, type] of Object.entries(FORMATS)) {
    const response = new Response("1\n", { headers: { "content-type": type } });
    await parse(response, { format, onError() {} }).drain();
  }
}
