import type { Exports } from "./core.js";
import { TidewireError } from "./error.js";
import { CORE } from "./generated/core.js";
import { instantiate } from "./wasm.js";

/** The core that is carried inside the module, compiled on the spot. */
export function inline(): Exports {
  try {
    return instantiate(new WebAssembly.Module(CORE()));
  } catch (cause) {
    const elsewhere = 'import from "tidewire/js", or from "tidewire/slim" with a compiled module';
    throw new TidewireError("usage", `WebAssembly is refused here; ${elsewhere}: ${cause}`, { cause });
  }
}
