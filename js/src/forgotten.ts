import type { Exports } from "./core.js";

/** Releases what an object holds once nobody holds the object. Some hosts have no such registry; there, what is not ended stays. */
export const forgotten = /* @__PURE__ */ registry();

function registry(): FinalizationRegistry<() => void> | undefined {
  return typeof FinalizationRegistry === "function" ? new FinalizationRegistry((release) => release()) : undefined;
}

/** Frees a machine of the core. Made apart from the object that has it, which must not be reachable from here. */
export function freeOf(core: Exports, machine: number): () => void {
  return () => core.__wbg_machine_free(machine, 0);
}
