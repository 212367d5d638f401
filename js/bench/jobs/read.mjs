// One stream to its end, over loopback or without a network, after a shorter one, so that everything is loaded and compiled.
import { reply } from "../chat.mjs";

const WARM = 1000;

const READERS = {
  "fetch and its bytes": async (request, url, look) => {
    const reader = (await request(url)).body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      look(value);
    }
  },
  tidewire: async (request, url, look) => {
    const { stream } = await import("../../dist/index.js");
    for await (const { data } of stream(url, { fetch: request })) look(data);
  },
  EventSourceParserStream: async (request, url, look) => {
    const { EventSourceParserStream } = await import("eventsource-parser/stream");
    const { body } = await request(url);
    const items = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    // Not every browser's streams can be iterated.
    const reader = items.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value.data === "[DONE]") break;
      look(value.data);
    }
  },
  "openai SDK": async (request, url, look) => {
    const { default: OpenAI } = await import("openai");
    // The client makes the path itself.
    const { href, searchParams } = new URL(url);
    const defaultQuery = Object.fromEntries(searchParams);
    const client = new OpenAI({ baseURL: href.slice(0, href.indexOf("/chat/")), apiKey: "none", defaultQuery, fetch: request, dangerouslyAllowBrowser: true });
    const chunks = await client.chat.completions.create({ model: "gpt-x", messages: [], stream: true });
    for await (const chunk of chunks) look(chunk.choices[0].delta.content);
  },
};

/** How many items came, and how long they were in all. Without `base` there is no network. */
export default async function read({ variant, base, events }) {
  const all = async (count) => {
    let [items, length] = [0, 0];
    const request = base ? (...given) => fetch(...given) : reply;
    await READERS[variant](request, `${base || "http://nowhere"}/chat/completions?events=${count}`, (item) => {
      items++;
      length += item.length;
    });
    return { items, length };
  };
  await all(WARM);
  return () => all(events);
}
