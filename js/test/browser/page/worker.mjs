// The same in a worker: a stream, and an EventSource with a relative URL.
import { stream } from "../dist/index.js";
import { EventSource } from "../dist/eventsource.js";
import { SOURCES, watch } from "./sources.mjs";
import { script, take } from "./tools.mjs";

const { path } = script([{ parts: ["data: a\n\ndata: b\n\ndata: c\n\ndata: [DONE]\n\n"] }]);
const { items, outcome } = await take(stream(`..${path}`));
const { seen } = await watch(
  class extends EventSource {
    constructor(url) {
      super(`../page/..${new URL(url).pathname}${new URL(url).search}`);
    }
  },
  SOURCES.find(([what]) => what === "a content type with parameters"),
);
postMessage({ outcome: outcome.outcome, items: items.length, source: seen });
