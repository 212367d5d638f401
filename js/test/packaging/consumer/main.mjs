// In a host that has files and a command line.
import { readFileSync } from "node:fs";
import process from "node:process";

const [entry, base, key] = process.argv.slice(2);
const { default: use, init } = await import(`./${entry}.mjs`);
init?.(new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("tidewire/core.wasm")))));
console.log(JSON.stringify(await use(base, key)));
