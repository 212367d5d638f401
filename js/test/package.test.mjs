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

test("a strict consumer type-checks, and a wrong one does not", () => {
  const tsc = (file, text) => {
    writeFileSync(join(project, file), text);
    const flags = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom,dom.iterable,dom.asynciterable", "--module", "nodenext", "--types", ""];
    return run(process.execPath, join(here, "node_modules/typescript/bin/tsc"), ...flags, file);
  };
  const imports = `import { createClient, createParser, parse, stream, TidewireError } from "tidewire";
    import { EventSource as Source } from "tidewire/eventsource";
    import { init } from "tidewire/slim";
    import core from "tidewire/core.wasm";
    import { createParser as feed, deltas } from "tidewire/llm";
    import { init as initReplies } from "tidewire/llm/slim";
    import replies from "tidewire/llm.wasm";
    import type { Delta, Message } from "tidewire/llm";
    import type { JsonRecord, Outcome, SseEvent, TextPiece } from "tidewire";\n`;
  tsc(
    "right.ts",
    imports +
      `for await (const event of stream("/api", { json: { a: 1 }, signal: AbortSignal.timeout(1) })) event.data.toUpperCase();
       for await (const { value } of stream<JsonRecord<{ token: string }>>("/api")) value.token.toUpperCase();
       for await (const { text } of stream<TextPiece>(new URL("http://a/"), { format: "text" })) text.at(0);
       for await (const batch of parse(new Response("")).batches()) batch.map((event: SseEvent) => event.id);
       const api = createClient({ baseUrl: "/v1", headers: { a: "b" }, retryAttempts: 1, idleTimeout: 0, maxConcurrent: 2, queueTimeout: 5 });
       for await (const { value } of api.stream<JsonRecord<number>>("/chat", { resume: (cursor) => ({ url: "/" + cursor }) })) value.toFixed();
       const paused = stream("/api", { headers: ({ attempt }) => ({ attempt: attempt.toFixed() }) });
       paused.pause(); paused.resume(); paused.reconnect();
       globalThis.EventSource = Source;
       const source = new Source("/api", { withCredentials: true, method: "POST", json: {}, headers: async () => ({ a: "b" }), retryDelay: 1 });
       source.onmessage = ({ data, lastEventId, origin }) => [data, lastEventId, origin];
       source.addEventListener("update", ({ data }) => data);
       const drop: EventSource = source;
       if (drop.readyState === Source.CLOSED) init(core);
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
       const fed = feed({ dialect: "anthropic", onDelta: (delta) => textOf(delta).at(0) });
       fed.push(new Uint8Array());
       fed.end().usage.inputTokens?.toFixed();
       initReplies(replies);
       const outcome: Outcome = await stream("/api").drain();
       if (outcome.outcome === "refused") console.log(outcome.status?.toFixed());
       createParser({ onEvent: (event) => event.type.length }).push(new Uint8Array());
       try { await stream("/api").next(); } catch (error) { if (error instanceof TidewireError && error.code === "timed_out") error.timeout; }`,
  );
  for (const [file, text] of [
    ["format.ts", `stream("/api", { format: "xml" });`],
    ["value.ts", `for await (const event of stream("/api")) event.value;`],
    ["handler.ts", `new Source("/").onmessage = "no function";`],
    ["dialect.ts", `deltas("/api", { dialect: "openai" });`],
    ["kind.ts", `for await (const delta of deltas("/api")) delta.text;`],
    ["code.ts", `declare const e: TidewireError; e.code === "timeout";`],
  ]) {
    assert.throws(() => tsc(file, imports + text + "export {};"), /error TS/, file);
  }
});
