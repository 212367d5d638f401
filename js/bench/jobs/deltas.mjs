// The texts of one shape of a reply, by one reader that is fed: several in one process would share their inline caches.
import { SHAPES } from "../llm-shapes.mjs";

const READERS = {
  tidewire: async () => {
    const { createParser } = await import("../../dist/llm.js");
    return (chunks, onText) => {
      const onDelta = (delta) => {
        if (delta.kind === "text") onText(delta.text);
      };
      const parser = createParser({ dialect: "openai-chat", onDelta });
      for (const chunk of chunks) parser.push(chunk);
      parser.end();
    };
  },
  "eventsource-parser": async () => {
    const { createParser } = await import("eventsource-parser");
    return (chunks, onText) => {
      const onEvent = ({ data }) => {
        if (data === "[DONE]") return;
        const piece = JSON.parse(data).choices[0].delta.content;
        if (piece) onText(piece);
      };
      const parser = createParser({ onEvent });
      const decoder = new TextDecoder();
      for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
    };
  },
};

/** The median time of a run in µs, and what was read in each. */
export default async function deltas({ variant, of, runs, size }, clock) {
  const read = await READERS[variant]();
  const chunks = SHAPES[of](size);
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  return () => {
    const times = [];
    let events;
    let units;
    for (let run = 0; run < runs; run++) {
      events = 0;
      units = 0;
      const began = clock();
      read(chunks, (text) => {
        events++;
        // What is not looked at need not be made.
        units += text.length + text.charCodeAt(text.length - 1) % 2;
      });
      times.push(clock() - began);
    }
    times.sort((a, b) => a - b);
    return { time: times[Math.floor(runs / 2)], bytes, events, units };
  };
}
