// What two linters of packages say of the tarball: nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ran, tarball, tool } from "./support.mjs";

test("publint is quiet", async () => {
  const file = await tarball();
  const said = await ran(".", tool("publint"), "run", file, "--strict");
  assert.match(said, /All good!/);
  assert.doesNotMatch(said, /Suggestions|Warnings|Errors/);
});

test("attw is quiet", async () => {
  // Where it has something to say it fails.
  const said = await ran(".", tool("attw"), await tarball(), "--profile", "esm-only", "--no-color", "--no-emoji");
  for (const entry of ["tidewire", "tidewire/full", "tidewire/eventsource", "tidewire/slim", "tidewire/js", "tidewire/core.wasm"]) assert.ok(said.includes(`"${entry}"`), said);
});
