import type { Core } from "./core.js";

/** Releases what an object holds once nobody holds the object. Some hosts have no such registry; there, what is not ended stays. */
export const forgotten: FinalizationRegistry<() => void> | undefined =
  typeof FinalizationRegistry === "function" ? /* @__PURE__ */ new FinalizationRegistry((release) => release()) : undefined;

/** Frees a machine of the core. Made apart from the object that has it, which must not be reachable from here. */
export function freeOf(core: Core, machine: number): () => void {
  return () => core.free(machine);
}
