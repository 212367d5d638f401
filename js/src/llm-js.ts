// The core of "tidewire/llm" translated to JavaScript, for hosts that refuse or lack WebAssembly.
import type { Exports } from "./core.js";
import { translated } from "./generated/llm-translated.js";
import { createParser as parserWith } from "./llm/parser.js";
import { deltas as deltasWith } from "./llm/reply.js";
import { over } from "./over.js";
import { inUse } from "./wasm.js";

const inJs = /* @__PURE__ */ over((grown) => translated(inUse, grown) as Exports);

/** `deltas` of "tidewire/llm". */
export const deltas = /* @__PURE__ */ inJs(deltasWith);

/** `createParser` of "tidewire/llm". */
export const createParser = /* @__PURE__ */ inJs(parserWith);

export * from "./llm/shared.js";
