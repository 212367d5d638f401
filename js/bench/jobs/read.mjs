// One stream over loopback to its end, after a shorter one, so that everything is loaded and compiled.
const WARM = 1000;

const READERS = {
  "fetch and its bytes": async (base, events, look) => {
    const reader = (await fetch(`${base}/chat/completions?events=${events}`)).body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      look(value);
    }
  },
  tidewire: async (base, events, look) => {
    const { stream } = await import("../../dist/index.js");
    for await (const { data } of stream(`${base}/chat/completions?events=${events}`)) look(data);
  },
  EventSourceParserStream: async (base, events, look) => {
    const { EventSourceParserStream } = await import("eventsource-parser/stream");
    const { body } = await fetch(`${base}/chat/completions?events=${events}`);
    const items = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    // Not every browser's streams can be iterated.
    const reader = items.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value.data === "[DONE]") break;
      look(value.data);
    }
  },
  "openai SDK": async (base, events, look) => {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ baseURL: base, apiKey: "none", defaultQuery: { events }, dangerouslyAllowBrowser: true });
    const chunks = await client.chat.completions.create({ model: "gpt-x", messages: [], stream: true });
    for await (const chunk of chunks) look(chunk.choices[0].delta.content);
  },
};

/** How many items came, and how long they were in all. */
export default async function read({ variant, base, events }) {
  const all = async (count) => {
    let [items, length] = [0, 0];
    await READERS[variant](base, count, (item) => {
      items++;
      length += item.length;
    });
    return { items, length };
  };
  await all(WARM);
  return () => all(events);
}
