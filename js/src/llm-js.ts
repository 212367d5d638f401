// The core of "tidewire/llm" translated to JavaScript, for hosts that refuse or lack WebAssembly.
import type { Exports } from "./core.js";
import { translated } from "./generated/llm-translated.js";
import { provideFetch } from "./host.js";
import { createParser as parserWith } from "./llm/parser.js";
import { deltas as deltasWith } from "./llm/reply.js";
import { over } from "./over.js";
import { fetchThatStreams } from "./xhr-spare.js";

/** As in "tidewire/js". */
const inJs = /* @__PURE__ */ over((grown) => {
  provideFetch(fetchThatStreams());
  return translated(grown) as unknown as Exports;
});

/** `deltas` of "tidewire/llm". */
export const deltas = /* @__PURE__ */ inJs(deltasWith);

/** `createParser` of "tidewire/llm". */
export const createParser = /* @__PURE__ */ inJs(parserWith);

export * from "./llm/shared.js";
