import type { Exports } from "./core.js";
import { CORE } from "./generated/events-core.js";
import { compiled } from "./wasm.js";

/** A core that knows server-sent events and text, and nothing of streams. */
export function events(): Exports {
  return compiled(CORE);
}
