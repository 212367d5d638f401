// The core of "tidewire/llm" from a module that the host has compiled, for where it compiles none itself.
import type { Exports } from "./core.js";
import { usage } from "./error.js";
import { createParser as parserWith } from "./llm/parser.js";
import { deltas as deltasWith } from "./llm/reply.js";
import { over } from "./over.js";
import { instantiate } from "./wasm.js";

let compiled: WebAssembly.Module | undefined;

/** Says what the core is: the package's file `tidewire/llm.wasm`, compiled. To be called before anything else. */
export function init(module: WebAssembly.Module): void {
  compiled = module;
}

const source = (): Exports => {
  if (compiled === undefined) throw usage("call init() with the compiled tidewire/llm.wasm first");
  return instantiate(compiled);
};
const given = /* @__PURE__ */ over(source);

/** `deltas` of "tidewire/llm". */
export const deltas = /* @__PURE__ */ given(deltasWith);

/** `createParser` of "tidewire/llm". */
export const createParser = /* @__PURE__ */ given(parserWith);

export * from "./llm/shared.js";
