import type { Exports } from "./core.js";
import { CORE } from "./generated/core.js";
import { compiled } from "./wasm.js";

/** The core that knows every format, JSON markers and cursors. */
export function formats(): Exports {
  return compiled(CORE);
}
