// The core from a module that the host has compiled, for hosts that forbid compiling at run time; everything else is as in "tidewire".
import { createParser as parserWith } from "./any-parser.js";
import { createClient as clientWith } from "./client.js";
import { provide } from "./core.js";
import type { Exports } from "./core.js";
import { EventSource as Base } from "./event-source.js";
import type { EventSourceOptions } from "./event-source.js";
import { parse as parseWith, stream as streamWith } from "./fetching.js";
import { usage } from "./error.js";
import { over } from "./over.js";
import { instantiate } from "./wasm.js";

let compiled: WebAssembly.Module | undefined;

/** Provides the core: the package's file `tidewire/core.wasm`, compiled. Call it before anything else. */
export function init(module: WebAssembly.Module): void {
  compiled = module;
}

const source = (): Exports => {
  if (compiled === undefined) throw usage("call init() with the compiled tidewire/core.wasm first");
  return instantiate(compiled);
};
const given = /* @__PURE__ */ over(source);

/** `stream` of "tidewire". */
export const stream = /* @__PURE__ */ given(streamWith);

/** `parse` of "tidewire". */
export const parse = /* @__PURE__ */ given(parseWith);

/** `createParser` of "tidewire". */
export const createParser = /* @__PURE__ */ given(parserWith);

/** `createClient` of "tidewire". */
export const createClient = /* @__PURE__ */ given(clientWith);

/** `EventSource` of "tidewire/eventsource". */
export class EventSource extends Base {
  constructor(url: string | URL, options?: EventSourceOptions) {
    provide(source);
    super(url, options);
  }
}

export type { EventSourceOptions };
export * from "./shared.js";
