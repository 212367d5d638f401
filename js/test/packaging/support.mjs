// Empty projects in which the packed package is installed, and what their replies must be.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const here = fileURLToPath(new URL(".", import.meta.url));

/** A program that a package of this folder brings. */
export const tool = (name) => join(here, "node_modules/.bin", name);

/** The native command, whose `serve` answers; without it there is nothing to test. */
export const command = process.env.TIDEWIRE;
export const skip = command ? false : "TIDEWIRE names no command";

/** Runs a program in a folder and gives what it prints; where it fails, the error has all of that. */
export async function ran(folder, program, ...args) {
  try {
    return (await run(program, args, { cwd: folder, encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 26 })).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}: ${error.code ?? error.signal}\n${error.stdout}${error.stderr}`);
  }
}

const temporary = mkdtempSync(join(tmpdir(), "tidewire-packaging-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

let packed;
/** The package as it would be published. */
export function tarball() {
  packed ??= ran(join(here, "../.."), npm, "pack", "--json", "--pack-destination", temporary).then((said) => join(temporary, JSON.parse(said)[0].filename));
  return packed;
}

/** A project of these files and of those of `consumer/`, with the package installed; nothing of this checkout is above it unless `beside` says so. */
export async function project(name, files = {}, { beside = false } = {}) {
  const folder = beside ? join(here, "projects", name) : join(temporary, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, "consumer"), folder, { recursive: true });
  for (const [path, text] of Object.entries({ "package.json": `{"name":"${name}","private":true,"type":"module"}`, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  await ran(folder, npm, "install", "--offline", "--no-audit", "--no-fund", await tarball());
  return folder;
}

/** What `consumer/use.mjs` must have read of each entry, by a reading of the bodies that knows next to nothing. */
export async function wanted(base) {
  const data = (body) => [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => data);
  const chat = await fetch(`${base}/ai/chat?interval_ms=0`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"prompt":"why?"}' });
  const tokens = data(await chat.text()).slice(0, -1).map((json) => JSON.parse(json).choices[0].delta.content ?? "");
  const notes = data(await (await fetch(`${base}/notify?interval_ms=0`)).text());
  const lines = await (await fetch(`${base}/ndjson?interval_ms=0`)).text();
  const text = lines.trim().split("\n").map((line) => JSON.parse(line).message.content).join("");
  const records = ["ended", "ended", "complete"].map((outcome) => ({ text, outcome }));
  const reply = { text: tokens.join(""), outcome: "complete" };
  return { tidewire: reply, js: reply, slim: reply, records, full: { reply, records, parsed: [[1]] }, eventsource: { text: notes.join(""), outcome: "closed" } };
}

/** The entries whose use leaves a stream in its middle. */
export const leaves = (entry) => entry !== "eventsource" && entry !== "records";

/** How the server saw the stream end that a consumer left. */
export async function left(upstream, key) {
  const [{ response }] = await upstream.ended(`/chat?interval_ms=20&events=500&key=${key}`);
  return response.ended;
}

/** Waits until something is there; a test's own limit of time ends what never comes. */
export async function until(look) {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
