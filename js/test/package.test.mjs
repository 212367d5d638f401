// The packed package, as who installs it has it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const project = mkdtempSync(join(tmpdir(), "tidewire-package-"));
after(() => rmSync(project, { recursive: true, force: true }));

const run = (program, ...args) => {
  try {
    return execFileSync(program, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}:\n${error.stdout}${error.stderr}`);
  }
};

test("packs what is needed and nothing else", () => {
  const [packed] = JSON.parse(execFileSync(npm, ["pack", "--json", "--pack-destination", project], { cwd: here, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const files = packed.files.map(({ path }) => path);
  for (const path of ["package.json", "README.md", "dist/index.js", "dist/index.d.ts", "dist/LICENSE-MIT"]) assert.ok(files.includes(path), path);
  assert.deepEqual(files.filter((path) => !/^(dist\/|package\.json$|README\.md$)/.test(path)), []);
  writeFileSync(join(project, "package.json"), '{"name":"consumer","private":true,"type":"module"}');
  run(npm, "install", "--offline", "--no-audit", "--no-fund", join(project, packed.filename));
});

test("runs where nothing else is installed", () => {
  writeFileSync(
    join(project, "run.js"),
    `import { createParser, parse, stream, TidewireError } from "tidewire";
     const reply = new Response("data: hello\\n\\ndata: [DONE]\\n\\n", { headers: { "content-type": "text/event-stream" } });
     const s = parse(reply);
     for await (const { data } of s) console.log(data);
     console.log((await s.outcome).outcome, typeof createParser, typeof stream, new TidewireError("usage", "x").code);`,
  );
  assert.equal(run(process.execPath, "run.js"), "hello\ncomplete function function usage\n");
});

test("JSON formats too, fetched on demand or all in one", () => {
  writeFileSync(
    join(project, "records.js"),
    `import { createParser, parse } from "tidewire/full";
     import { parse as onDemand } from "tidewire";
     for (const read of [onDemand, parse]) for await (const { value } of read(new Response('{"a":1}', { headers: { "content-type": "application/x-ndjson" } }))) console.log(value.a);
     createParser({ format: "ndjson", onEvent: ({ value }) => console.log(value) }).push(new TextEncoder().encode("2\\n"));`,
  );
  assert.equal(run(process.execPath, "records.js"), "1\n1\n2\n");
});

test("every export of package.json is there", () => {
  writeFileSync(
    join(project, "exports.js"),
    `import { readFileSync } from "node:fs";
     const { exports } = JSON.parse(readFileSync("node_modules/tidewire/package.json", "utf8"));
     for (const [path, target] of Object.entries(exports)) {
       if (typeof target === "string") continue;
       readFileSync("node_modules/tidewire/" + target.types);
       if (path.endsWith(".wasm")) continue;
       await import(path.replace(/^\\./, "tidewire"));
     }
     const { createParser, init } = await import("tidewire/slim");
     init(new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("tidewire/core.wasm")))));
     createParser({ onEvent: ({ data }) => console.log(data) }).push(new TextEncoder().encode("data: a\\n\\n"));`,
  );
  assert.equal(run(process.execPath, "exports.js"), "a\n");
});

const DOM = ["--lib", "es2022,dom,dom.iterable,dom.asynciterable", "--types", ""];
const NODE = ["--lib", "es2022", "--typeRoots", join(here, "node_modules/@types"), "--types", "node"];

/** Type-checks a file of this text; an error is thrown with what the compiler says. */
function tsc(file, text, libraries = DOM, module = "nodenext") {
  writeFileSync(join(project, file), text);
  const resolution = module === "nodenext" ? [] : ["--moduleResolution", "bundler"];
  const flags = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2022", "--module", module, ...resolution, ...libraries];
  return run(process.execPath, join(here, "node_modules/typescript/bin/tsc"), ...flags, file);
}

/** What a program may write that imports from an entry. */
const uses = (entry) => `
  import { createClient, createParser, parse, stream, TidewireError } from "${entry}";
  import { xhr } from "tidewire/xhr";
  import type { JsonRecord, Outcome, SseEvent, StreamOptions, TextPiece } from "${entry}";
  for await (const event of stream("/api", { json: { a: 1 }, signal: AbortSignal.timeout(1) })) event.data.toUpperCase();
  for await (const { value } of stream<JsonRecord<{ token: string }>>("/api")) value.token.toUpperCase();
  for await (const { text } of stream<TextPiece>(new URL("http://a/"), { format: "text" })) text.at(0);
  for await (const batch of parse(new Response("")).batches()) batch.map((event: SseEvent) => event.id);
  const api = createClient({ baseUrl: "/v1", headers: { a: "b" }, retryAttempts: 1, idleTimeout: 0, maxConcurrent: 2, queueTimeout: 5 });
  for await (const { value } of api.stream<JsonRecord<number>>("/chat", { resume: (cursor) => ({ url: "/" + cursor }) })) value.toFixed();
  const paused = stream("/api", { headers: ({ attempt }) => ({ attempt: attempt.toFixed() }), body: async () => "text" });
  paused.pause(); paused.resume(); paused.reconnect();
  const outcome: Outcome = await stream("/api").drain();
  if (outcome.outcome === "refused") console.log(outcome.status?.toFixed(), outcome.headers?.["retry-after"]?.length);
  stream(async ({ attempt, method }) => \`/api?\${attempt.toFixed()}\${method.length}\`, { refresh: async () => {}, dedupe: true, onReplayed: (id) => id.length });
  stream("/api", { body: ({ url }) => url.length.toFixed(), headers: ({ body, headers, url }) => (headers.set("x", url + String(body?.length)), headers) });
  createClient({ allowedOrigins: ["https://a.example", new URL("https://b.example")], credentials: "include" }).stream(() => new URL("https://a.example"));
  createParser({ onEvent: (event) => event.type.length }).push(new Uint8Array());
  try { await stream("/api").next(); } catch (error) { if (error instanceof TidewireError && error.code === "timed_out") error.timeout; }
  interface Tick extends SseEvent { type: "tick" }
  interface Note extends SseEvent { type: "note"; }
  const told = (note: Note): string => note.data;
  for await (const event of stream<Tick | Note>("/api")) if (event.type !== "tick") told(event);
  for await (const event of parse<Tick | Note>(new Response(""))) if (event.type === "note") told(event);
  const forced = stream("/api", { fetch: xhr });
  if (forced.stats.transport === "xhr") forced.close();
  export const options: StreamOptions = { idempotent: true, endOn: ["event:close"], onAttempt: ({ reason }) => reason?.length };`;

/** The same for the class; it is the DOM's. */
const sources = (entry) => `
  import { EventSource as Source } from "${entry}";
  globalThis.EventSource = Source;
  const source = new Source("/api", { withCredentials: true, method: "POST", json: {}, headers: async () => ({ a: "b" }), retryDelay: 1 });
  source.onmessage = ({ data, lastEventId, origin }) => [data, lastEventId, origin];
  source.addEventListener("update", ({ data }) => data);
  const drop: EventSource = source;
  export const isClosed = drop.readyState === Source.CLOSED;`;

/** The same for replies. */
const replies = (entry) => `
  import { createParser, deltas } from "${entry}";
  import type { Delta, Message } from "${entry}";
  const reply = deltas("/api", { dialect: "generic:out.text", json: { a: 1 }, signal: AbortSignal.timeout(1), retryAttempts: 0 });
  const textOf = (delta: Delta): string => {
    switch (delta.kind) {
      case "text": case "reasoning": case "refusal": return delta.text;
      case "arguments": return delta.fragment + delta.index.toFixed();
      case "tool_call": case "other": return delta.name;
      case "usage": return delta.totalTokens?.toFixed() ?? "";
      case "start": return delta.model;
      case "citation": return delta.url;
      case "finish": return delta.reason === "length" ? delta.said : delta.reason;
      case "error": return delta.retryable ? delta.code : delta.message;
    }
  };
  for await (const delta of reply) textOf(delta);
  for await (const text of deltas(new Response("")).text()) text.at(0);
  for await (const batch of deltas("/api").batches()) batch.map(textOf);
  const message: Message = await reply.message;
  message.toolCalls.map(({ name, arguments: value }) => [name.at(0), value]);
  (await reply.outcome).outcome === "complete" && reply.close();
  const fed = createParser({ dialect: "anthropic", onDelta: (delta) => textOf(delta).at(0) });
  fed.push(new Uint8Array());
  fed.end().usage.inputTokens?.toFixed();`;

const INIT = `
  import { init } from "tidewire/slim";
  import { init as initReplies } from "tidewire/llm/slim";
  import core from "tidewire/core.wasm";
  import llm from "tidewire/llm.wasm";
  init(core);
  initReplies(llm);`;

test("a strict consumer type-checks every entry, and its declarations with it", () => {
  for (const module of ["nodenext", "esnext"]) {
    for (const entry of ["tidewire", "tidewire/full", "tidewire/js", "tidewire/slim"]) tsc("stream.ts", uses(entry), DOM, module);
    for (const entry of ["tidewire/eventsource", "tidewire/js", "tidewire/slim"]) tsc("source.ts", sources(entry), DOM, module);
    for (const entry of ["tidewire/llm", "tidewire/llm/js", "tidewire/llm/slim"]) tsc("reply.ts", replies(entry), DOM, module);
    tsc("init.ts", INIT, DOM, module);
  }
});

test("and so does one of Node, which has no DOM", () => {
  tsc("node.ts", uses("tidewire"), NODE);
});

test("a wrong consumer does not type-check", () => {
  const api = 'import { stream, TidewireError, type SseEvent } from "tidewire"; import { EventSource } from "tidewire/eventsource"; import { deltas } from "tidewire/llm";';
  for (const [file, text, why] of [
    ["format.ts", `stream("/api", { format: "xml" });`, /"xml"/],
    ["value.ts", `for await (const event of stream("/api")) event.value;`, /'value' does not exist/],
    ["handler.ts", `new EventSource("/").onmessage = "no function";`, /not assignable to type 'Handler/],
    ["code.ts", `declare const e: TidewireError; e.code === "timeout";`, /no overlap/],
    ["name.ts", `type Tick = SseEvent & { type: "tick" }; for await (const { type } of stream<Tick>("/api")) if (type === "tock") type;`, /no overlap/],
    ["dialect.ts", `deltas("/api", { dialect: "openai" });`, /"openai"/],
    ["kind.ts", `for await (const delta of deltas("/api")) delta.text;`, /'text' does not exist/],
    ["item.ts", `stream<{ token: string }>("/api");`, /does not satisfy the constraint/],
  ]) {
    assert.throws(() => tsc(file, api + text + "export {};"), why, file);
  }
});
