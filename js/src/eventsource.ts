import { provide } from "./core.js";
import type { Exports } from "./core.js";
import { EventSource as Base } from "./event-source.js";
import type { EventSourceOptions } from "./event-source.js";
import { CORE } from "./generated/events-core.js";
import { compiled } from "./wasm.js";

/** A core that knows server-sent events and nothing else: it weighs a quarter. */
const inline = (): Exports => compiled(CORE);

/** The standard's `EventSource` over `fetch`, with a method, headers and a body of the caller's. */
export class EventSource extends Base {
  constructor(url: string | URL, options?: EventSourceOptions) {
    provide(inline);
    super(url, options);
  }
}

export type { EventSourceOptions };
