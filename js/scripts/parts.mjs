// What each part of an import weighs: the difference in brotli when its code is taken out of the bundle and all else stays.
import { transform } from "esbuild";
import { bundled, packed } from "./bundle.mjs";
import { corePartsOf } from "./core-parts.mjs";

/** A module that carries a compiled core as text. */
const CORE = /^dist\/generated\/(.*core)\.js$/;
/** With which esbuild announces a module in a bundle that keeps its white space. */
const MODULE = /^\/\/ (?=dist\/|<stdin>$)/m;
/** What a file of a bundle has of the others, at its start, and shows to them, at its end. */
const TIES = /^(?:import|export) \{[^}]*\}[^;]*;\n/gm;

/** The parts of an import with their sizes: the driver by its modules, and the core by its functions. */
export async function partsOf(code) {
  const { first } = await bundled(code);
  const whole = first.reduce((sum, { text }) => sum + packed(text), 0);
  const bytes = first.reduce((sum, { text }) => sum + text.length, 0);
  const files = await filesOf(code);
  const parts = [await driverOf(files), ...coresOf(files)];
  // Imports and exports, and what driver and core save or cost each other.
  const rest = (one, key) => parts.reduce((sum, part) => sum - part[key], one);
  return [...parts, { part: "between them", size: rest(whole, "size"), bytes: rest(bytes, "text"), rows: [] }];
}

/** The sections of each file: modules by name. */
async function filesOf(code) {
  const { first } = await bundled(code, { minify: false, minifySyntax: true, minifyIdentifiers: true });
  return first.map(({ text }) => {
    const sections = text.replace(TIES, "").split(MODULE).map((section) => {
      const end = section.indexOf("\n");
      return { name: section.slice(0, end), code: section.slice(end + 1) };
    });
    return sections.filter(({ name }) => name.startsWith("dist/"));
  });
}

/**
 * The driver alone, and its modules, the heaviest first. Beside a core the sizes would be off by some 70 bytes of chance each: what brotli makes
 * of a text so long depends on little things.
 */
async function driverOf(files) {
  const drivers = files.map((sections) => sections.filter(({ name }) => !CORE.test(name)));
  const all = await texts(drivers);
  const size = packed(all.join(""));
  const rows = await Promise.all(
    drivers.flat().map(async ({ name, code }) => ({
      name,
      size: size - packed((await texts(drivers.map((sections) => sections.filter((other) => other.name !== name)))).join("")),
      bytes: (await minified(code)).length,
    })),
  );
  rows.sort((one, other) => other.size - one.size);
  const bytes = all.join("").length;
  const common = size - rows.reduce((sum, row) => sum + row.size, 0);
  return { part: "driver", size, bytes, text: bytes, rows: [...rows, { name: "in common", size: common, bytes: 0 }] };
}

function coresOf(files) {
  return files.flat().flatMap(({ name, code }) => {
    const core = CORE.exec(name)?.[1];
    if (core === undefined) return [];
    const hex = /[0-9a-f]{100,}/.exec(code)[0];
    const { size, parts } = corePartsOf(core, hex);
    const bytes = hex.length / 2;
    const rest = (one, key) => parts.reduce((sum, part) => sum - part[key], one);
    const common = { part: "in common", size: rest(size, "size"), bytes: rest(bytes, "bytes"), rows: [] };
    const rows = [...parts, common].flatMap(({ part, size, bytes, rows }) => [
      { name: part, size, bytes },
      ...rows.map((row) => ({ ...row, name: `  ${row.name}` })),
    ]);
    return [{ part: core, size, bytes, text: hex.length, rows }];
  });
}

/** The files of a bundle, each minified for itself, because two may give the same name to different things. */
async function texts(files) {
  return Promise.all(files.map((sections) => minified(sections.map(({ code }) => code).join(""))));
}

async function minified(text) {
  const { code } = await transform(text, { minifyWhitespace: true, format: "esm", target: "es2022" });
  return code;
}
