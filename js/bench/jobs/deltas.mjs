// The texts of one shape of a reply, by one reader that is fed: several in one process would share their inline caches.
import { SHAPES } from "../llm-shapes.mjs";
import { repeated } from "../repeated.mjs";

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

export default async function deltas({ variant, of, runs, size }, clock) {
  const read = await READERS[variant]();
  const chunks = SHAPES[of](size);
  return () => repeated(read, chunks, runs, clock);
}
