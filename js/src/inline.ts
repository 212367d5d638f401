import type { Exports } from "./core.js";
import { CORE } from "./generated/core.js";
import { compiled } from "./wasm.js";

/** The core that is carried inside the module, compiled on the spot. */
export function inline(): Exports {
  return compiled(CORE);
}
