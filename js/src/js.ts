// The core translated to JavaScript, for hosts that refuse or lack WebAssembly; everything else is as in "tidewire".
import { createParser as parserWith } from "./any-parser.js";
import { createClient as clientWith } from "./client.js";
import { provide } from "./core.js";
import type { Exports } from "./core.js";
import { EventSource as Base } from "./event-source.js";
import type { EventSourceOptions } from "./event-source.js";
import { parse as parseWith, stream as streamWith } from "./fetching.js";
import { translated } from "./generated/translated.js";
import { provideFetch } from "./host.js";
import { over } from "./over.js";
import { fetchThatStreams } from "./xhr-spare.js";

/** Hosts without WebAssembly, such as React Native, have no `fetch` that streams either. */
const source = (grown: () => void): Exports => {
  provideFetch(fetchThatStreams());
  return translated(grown) as unknown as Exports;
};
const inJs = /* @__PURE__ */ over(source);

/** `stream` of "tidewire". */
export const stream = /* @__PURE__ */ inJs(streamWith);

/** `parse` of "tidewire". */
export const parse = /* @__PURE__ */ inJs(parseWith);

/** `createParser` of "tidewire". */
export const createParser = /* @__PURE__ */ inJs(parserWith);

/** `createClient` of "tidewire". */
export const createClient = /* @__PURE__ */ inJs(clientWith);

/** `EventSource` of "tidewire/eventsource". */
export class EventSource extends Base {
  constructor(url: string | URL, options?: EventSourceOptions) {
    provide(source);
    super(url, options);
  }
}

export type { EventSourceOptions };
export * from "./shared.js";
