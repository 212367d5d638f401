// Both packages export the same names, types included, but for what differences.ts lists.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ABSENT, ADDED } from "./differences";

/** The names that a source or declaration file exports, those of the files that it exports as a whole included. */
function exported(file: URL): string[] {
  const text = readFileSync(file, "utf8");
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => names!.split(","));
  const named = lists.map((name) => name.trim().split(" as ").at(-1)!).filter((name) => name !== "");
  const declared = [...text.matchAll(/^export (?:declare )?(?:class|const|function|interface|type) (\w+)/gm)].map(([, name]) => name!);
  const whole = [...text.matchAll(/^export \* from "(.*)\.js"/gm)].flatMap(([, from]) => exported(new URL(`${from}.d.ts`, file)));
  return [...named, ...declared, ...whole];
}

for (const entry of ["index", "llm"]) {
  test(entry, () => {
    const npm = exported(new URL(`${entry}.d.ts`, `file://${process.env.TIDEWIRE_NPM}/`));
    const own = exported(new URL(`src/${entry}.ts`, `file://${process.cwd()}/`));
    assert.ok(npm.length > 20, `${npm}`);
    const want = npm.filter((name) => !(name in ABSENT));
    assert.deepEqual(own.filter((name) => !(name in ADDED)).sort(), [...new Set(want)].sort());
  });
}
