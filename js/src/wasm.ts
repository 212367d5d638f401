import type { Exports } from "./core.js";
import { usage } from "./error.js";

/** The core of a compiled module. */
export function instantiate(module: WebAssembly.Module): Exports {
  const imports: WebAssembly.Imports = {};
  // All that the core would call is "throw", for an object that is used while it is in use.
  for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = inUse;
  return new WebAssembly.Instance(module, imports).exports as unknown as Exports;
}

/** What the core calls for an object that is in use, or gone. */
export function inUse(): never {
  throw usage("used from inside its own callback, or after its end");
}

/** A core that is carried inside a module, compiled on the spot. */
export function compiled(bytes: () => Uint8Array<ArrayBuffer>): Exports {
  try {
    return instantiate(new WebAssembly.Module(bytes()));
  } catch (cause) {
    const elsewhere = 'import from "tidewire/js", or from "tidewire/slim" with a compiled module';
    throw usage(`WebAssembly is refused here; ${elsewhere}: ${cause}`, cause);
  }
}
