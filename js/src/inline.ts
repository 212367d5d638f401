import type { Source } from "./core.js";
import { usage } from "./error.js";
import { CORE } from "./generated/stream-core.js";
import { compiled } from "./wasm.js";

/** A core that knows streams of server-sent events and text. That of all formats is a chunk which is fetched when something asks for it. */
export const inline: Source = /* @__PURE__ */ Object.assign(() => compiled(CORE), {
  more: async () => {
    try {
      return (await import("./formats.js")).formats;
    } catch (cause) {
      throw usage(`the JSON formats could not be loaded; import from "tidewire/full", which has everything in one: ${cause}`, cause);
    }
  },
});
