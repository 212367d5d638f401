// One shape through one reader, in a process of its own: several in one would share their inline caches. Says the bytes for each
// microsecond of CPU, and what it read.
import { SHAPES } from "./llm-shapes.mjs";

const [, , shape, variant, runs, size] = process.argv;
const dialect = shape.startsWith("Anthropic") ? "anthropic" : "openai-chat";
const headers = { "content-type": "text/event-stream" };

/** What a provider's own event says. */
const pieceOf =
  dialect === "anthropic"
    ? (event) => (event.type === "content_block_delta" ? event.delta.text : undefined)
    : (event) => event.choices[0].delta.content || undefined;

/** A body of these chunks, as `fetch` gives it. */
function reply(chunks) {
  let at = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at < chunks.length) controller.enqueue(chunks[at++]);
      else controller.close();
    },
  });
  return new Response(body, { headers });
}

/** Each reads the chunks and says the texts. */
const VARIANTS = {
  "tidewire, fetch": async () => {
    const { deltas } = await import("../dist/llm.js");
    return async (chunks, onText) => {
      const options = { dialect, json: {}, fetch: async () => reply(chunks) };
      for await (const delta of deltas("http://a.invalid/", options)) if (delta.kind === "text") onText(delta.text);
    };
  },
  "tidewire, fetch, batches": async () => {
    const { deltas } = await import("../dist/llm.js");
    return async (chunks, onText) => {
      const options = { dialect, json: {}, fetch: async () => reply(chunks) };
      for await (const batch of deltas("http://a.invalid/", options).batches()) {
        for (const delta of batch) if (delta.kind === "text") onText(delta.text);
      }
    };
  },
  "its SDK, a loop": async () => {
    const sdk = await client();
    return async (chunks, onText) => {
      for await (const event of await sdk(reply(chunks)).create()) {
        const piece = pieceOf(event);
        if (piece !== undefined) onText(piece);
      }
    };
  },
  "its SDK, its helper": async () => {
    const sdk = await client();
    return async (chunks, onText) => {
      const stream = sdk(reply(chunks)).stream();
      for await (const event of stream) {
        const piece = pieceOf(event);
        if (piece !== undefined) onText(piece);
      }
    };
  },
};

/** The provider's own client, whose request is answered with this. */
async function client() {
  const request = { model: "x", max_tokens: 9, messages: [{ role: "user", content: "?" }] };
  if (dialect === "anthropic") {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    return (response) => {
      const { messages } = new Anthropic({ apiKey: "none", fetch: async () => response });
      return { create: () => messages.create({ ...request, stream: true }), stream: () => messages.stream(request) };
    };
  }
  const { default: OpenAI } = await import("openai");
  return (response) => {
    const { completions } = new OpenAI({ apiKey: "none", fetch: async () => response }).chat;
    return { create: () => completions.create({ ...request, stream: true }), stream: () => completions.stream(request) };
  };
}

const run = await VARIANTS[variant]();
const chunks = SHAPES[shape](Number(size));
const total = chunks.reduce((sum, { length }) => sum + length, 0);
let texts = 0;
let units = 0;
const rates = [];
for (let round = 0; round < Number(runs); round++) {
  texts = 0;
  units = 0;
  const before = process.cpuUsage();
  await run(chunks, (text) => {
    texts++;
    // What is not looked at need not be made.
    units += text.length + (text.charCodeAt(text.length - 1) % 2);
  });
  const { user, system } = process.cpuUsage(before);
  rates.push(total / (user + system));
}
rates.sort((a, b) => a - b);
console.log(JSON.stringify({ rate: rates[Math.floor(rates.length / 2)], texts, units }));
