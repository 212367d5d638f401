// Reads one stream to its end, in a process of its own, and says what it cost.
const [, , name, base, count] = process.argv;
/** Before it is measured it reads this many, so that everything is loaded and compiled. */
const WARM = 1000;
let events = WARM;
const url = () => `${base}/chat/completions?events=${events}`;

let seen = 0;
let reads = 0;
/** The content, so that each reader has looked at it. */
let length = 0;
const look = (data) => {
  seen++;
  length += data.length;
};

const READERS = {
  "fetch and its bytes": async () => {
    const reader = (await fetch(url())).body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      reads++;
      length += value.length;
    }
    seen = events;
  },
  tidewire: async () => {
    const { stream } = await import("../dist/index.js");
    for await (const { data } of stream(url())) look(data);
  },
  EventSourceParserStream: async () => {
    const { EventSourceParserStream } = await import("eventsource-parser/stream");
    const { body } = await fetch(url());
    for await (const { data } of body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) {
      if (data === "[DONE]") break;
      look(data);
    }
  },
  "openai SDK": async () => {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ baseURL: base, apiKey: "none", defaultQuery: { events } });
    const chunks = await client.chat.completions.create({ model: "gpt-x", messages: [], stream: true });
    for await (const chunk of chunks) look(chunk.choices[0].delta.content);
  },
};

await READERS[name]();
[events, seen, reads, length] = [Number(count), 0, 0, 0];
const before = process.cpuUsage();
await READERS[name]();
const { user, system } = process.cpuUsage(before);
if (seen !== events || length === 0) throw new Error(`${name}: ${seen} events`);
console.log(JSON.stringify({ cost: (user + system) / seen, perRead: reads > 0 ? seen / reads : undefined }));
