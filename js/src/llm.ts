// LLM replies: typed deltas from every provider's stream. Its core is one of its own, which knows the dialects.
import type { Exports } from "./core.js";
import { CORE } from "./generated/llm-core.js";
import { createParser as parserWith } from "./llm/parser.js";
import { deltas as deltasWith } from "./llm/reply.js";
import { over } from "./over.js";
import { compiled } from "./wasm.js";

const inline = (): Exports => compiled(CORE);
const inlined = /* @__PURE__ */ over(inline);

/** The reply of an LLM as typed deltas: `for await (const delta of deltas(url, { dialect: "openai-chat", json }))`. */
export const deltas = /* @__PURE__ */ inlined(deltasWith);

/** Makes deltas of bytes that do not come from `fetch`. */
export const createParser = /* @__PURE__ */ inlined(parserWith);

export * from "./llm/shared.js";
