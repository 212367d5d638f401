import { provide } from "./core.js";
import { EventSource as Base } from "./event-source.js";
import type { EventSourceOptions } from "./event-source.js";
import { events } from "./events.js";

/** The standard's `EventSource` over `fetch`, with a method, headers and a body of the caller's. */
export class EventSource extends Base {
  constructor(url: string | URL, options?: EventSourceOptions) {
    provide(events);
    super(url, options);
  }
}

export type { EventSourceOptions };
