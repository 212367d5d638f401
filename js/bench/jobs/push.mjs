// One shape through one parser: several in one process would share their inline caches.
import { repeated } from "../repeated.mjs";
import { shape } from "../shapes.mjs";

const PARSERS = {
  tidewire: async () => {
    const { createParser } = await import("../../dist/index.js");
    return (chunks, onText) => {
      const parser = createParser({ onEvent: ({ data }) => onText(data) });
      for (const chunk of chunks) parser.push(chunk);
      parser.end();
    };
  },
  "eventsource-parser": async () => {
    const { createParser } = await import("eventsource-parser");
    return (chunks, onText) => {
      const parser = createParser({ onEvent: ({ data }) => onText(data) });
      const decoder = new TextDecoder();
      for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
    };
  },
};

export default async function push({ variant, of, runs, size }, clock) {
  const parse = await PARSERS[variant]();
  const chunks = shape(of, size);
  return () => repeated(parse, chunks, runs, clock);
}
