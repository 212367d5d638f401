// The packed package, run by every host that has files: each entry streams a reply of `serve`.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serve } from "../support/serve.mjs";
import { command, leaves, left, project, ran, skip, tool, wanted } from "./support.mjs";

const HOSTS = {
  // What runs npm is the Node of the machine.
  node: [process.env.npm_node_execpath ?? "node"],
  "node 22": [tool("node")],
  bun: [tool("bun")],
  deno: [tool("deno"), "run", "--allow-net", "--allow-read"],
};

describe("hosts", { skip }, () => {
  let upstream;
  let folder;
  let want;
  before(async () => {
    upstream = await serve(command);
    want = await wanted(upstream.base);
    folder = await project("hosts");
  });
  after(() => upstream?.stop());
  for (const [name, [program, ...args]] of Object.entries(HOSTS)) {
    for (const entry of ["tidewire", "records", "full", "js", "slim", "eventsource"]) {
      test(`${name}: ${entry}`, { timeout: 30_000 }, async (t) => {
        if (entry === "tidewire") t.diagnostic((await ran(folder, program, "--version")).trim().replaceAll("\n", ", "));
        const key = `${name}-${entry}`.replace(" ", "");
        assert.deepEqual(JSON.parse(await ran(folder, program, ...args, "main.mjs", entry, upstream.base, key)), want[entry]);
        if (leaves(entry)) assert.equal(await left(upstream, key), "client_closed");
      });
    }
  }
});
