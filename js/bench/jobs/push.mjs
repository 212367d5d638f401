// One shape through one parser: several in one process would share their inline caches.
import { shape } from "../shapes.mjs";

const PARSERS = {
  tidewire: async () => {
    const { createParser } = await import("../../dist/index.js");
    return (chunks, onEvent) => {
      const parser = createParser({ onEvent });
      for (const chunk of chunks) parser.push(chunk);
      parser.end();
    };
  },
  "eventsource-parser": async () => {
    const { createParser } = await import("eventsource-parser");
    return (chunks, onEvent) => {
      const parser = createParser({ onEvent });
      const decoder = new TextDecoder();
      for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
    };
  },
};

/** The median time of a run in µs, and what was read in each. */
export default async function push({ variant, of, runs, size }, clock) {
  const parse = await PARSERS[variant]();
  const chunks = shape(of, size);
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  return () => {
    const times = [];
    let events;
    let units;
    for (let run = 0; run < runs; run++) {
      events = 0;
      units = 0;
      const began = clock();
      parse(chunks, ({ data }) => {
        events++;
        // What is not looked at need not be made.
        units += data.length + data.charCodeAt(data.length - 1) % 2;
      });
      times.push(clock() - began);
    }
    times.sort((a, b) => a - b);
    return { time: times[Math.floor(runs / 2)], bytes, events, units };
  };
}
