import type { Exports } from "./core.js";
import { usage } from "./error.js";
import { fromHex } from "./hex.js";

/** The core of a compiled module. */
export function instantiate(module: WebAssembly.Module): Exports {
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}

/** A core that is carried inside a module in hexadecimal digits, compiled on the spot. */
export function compiled(hex: string): Exports {
  try {
    return instantiate(new WebAssembly.Module(fromHex(hex)));
  } catch (cause) {
    const elsewhere = 'import from "tidewire/js", or from "tidewire/slim" with a compiled module';
    throw usage(`WebAssembly is refused here; ${elsewhere}: ${cause}`, cause);
  }
}
