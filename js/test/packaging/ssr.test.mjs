// Next.js: a page that streams a reply while it is rendered on the server, and another one in the browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { ENGINES } from "../browser/engines.mjs";
import { serve } from "../support/serve.mjs";
import { command, project, ran, skip, until, wanted } from "./support.mjs";

const FILES = {
  "next.config.mjs": `export default { turbopack: { root: import.meta.dirname + "/../.." } };\n`,
  "app/layout.js": `export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n`,
  "app/page.js": `import { Live } from "./live.js";
import { read } from "./read.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  const base = process.env.UPSTREAM;
  return <main><p>server: {await read(base)}</p><p>browser: <Live base={base} /></p></main>;
}
`,
  "app/live.js": `"use client";
import { useEffect, useState } from "react";
import { read } from "./read.js";

export function Live({ base }) {
  const [text, setText] = useState("");
  useEffect(() => void read(base).then(setText), [base]);
  return <span>{text}</span>;
}
`,
  "app/read.js": `import { stream } from "tidewire";

export async function read(base) {
  let text = "";
  const reply = stream(base + "/ai/chat?interval_ms=2", { method: "POST", json: { prompt: "why?" } });
  for await (const { data } of reply) text += JSON.parse(data).choices[0]?.delta.content ?? "";
  let lines = "";
  for await (const { value } of stream(base + "/ndjson?interval_ms=2")) lines += value.message.content;
  return text + " (" + (await reply.outcome).outcome + ") " + lines + " (lines)";
}
`,
};

const { chromium } = ENGINES;
describe("Next.js", { skip: skip || (chromium.program ? false : "chromium is not installed") }, () => {
  let upstream;
  let browser;
  let folder;
  let running;
  before(async () => {
    upstream = await serve(command);
    folder = await project("next", FILES, { beside: true });
  });
  after(async () => {
    await browser?.close();
    await upstream?.stop();
    running?.kill();
  });

  test("builds", { timeout: 240_000 }, async () => {
    process.env.NEXT_TELEMETRY_DISABLED = "1";
    await ran(folder, process.execPath, "../../node_modules/next/dist/bin/next", "build");
  });

  test("renders a reply on the server and streams one in the browser", { timeout: 60_000 }, async () => {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}/`;
    const start = ["../../node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", port];
    running = spawn(process.execPath, start, { cwd: folder, env: { ...process.env, UPSTREAM: upstream.base }, stdio: "ignore" });
    const html = await until(() => fetch(address).then((response) => response.text(), () => undefined));
    const { tidewire, records } = await wanted(upstream.base);
    const { text, outcome } = tidewire;
    const lines = records[0].text;
    assert.ok(html.includes(`(${outcome})`), html);
    browser = await chromium.open(chromium.program);
    await browser.go(address);
    const shown = await until(async () => ((await browser.text()).split("(lines)").length > 2 ? browser.text() : undefined));
    const plain = (text) => text.replace(/\s+/g, " ").trim();
    assert.equal(plain(shown), plain(`server: ${text} (${outcome}) ${lines} (lines) browser: ${text} (${outcome}) ${lines} (lines)`));
  });
});

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
