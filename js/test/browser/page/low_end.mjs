// What low_end.test.mjs measures, one thing in each page: the first use of the package once it is imported, and the memory of its core.
const memories = [];
let peak = 0;

/** All memory of WebAssembly that this page still holds. */
const held = () => memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0);
const noted = (instance) => {
  for (const one of Object.values(instance.exports)) if (one instanceof WebAssembly.Memory) memories.push(new WeakRef(one));
  return instance;
};

// Before the package is imported, for it may keep what it found.
const { Instance, instantiate, instantiateStreaming } = WebAssembly;
WebAssembly.Instance = new Proxy(Instance, { construct: (target, given) => noted(new target(...given)) });
for (const [name, call] of Object.entries({ instantiate, instantiateStreaming })) {
  WebAssembly[name] = async (...given) => {
    const made = await call.apply(WebAssembly, given);
    noted(made.instance ?? made);
    return made;
  };
}

const { createParser, stream } = await import("../dist/index.js");

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const encoder = new TextEncoder();
const small = encoder.encode("data: a\n\n");
const answer = () => new Response("data: a\n\ndata: [DONE]\n\n", { headers: { "content-type": "text/event-stream" } });

/** The longest time in which the page could do nothing else while this ran, in milliseconds. */
async function longestBlock(run) {
  let last;
  let longest = 0;
  let isOver = false;
  const { port1, port2 } = new MessageChannel();
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) port2.postMessage(0);
  };
  port1.onmessage = beat;
  last = performance.now();
  port2.postMessage(0);
  await run();
  isOver = true;
  beat();
  port1.close();
  return longest;
}

/** An event of so many bytes, in pieces as a network gives them. */
function feed(parser, size) {
  parser.push(encoder.encode("data: "));
  const piece = new Uint8Array(65536).fill(0x61);
  for (let left = size; left > 0; left -= piece.length) {
    parser.push(piece);
    peak = Math.max(peak, held());
  }
  parser.push(encoder.encode("\n\n"));
  peak = Math.max(peak, held());
}

const body = (size) =>
  new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode("data: ")),
    pull(controller) {
      peak = Math.max(peak, held());
      controller.enqueue(new Uint8Array(65536).fill(0x61));
      if ((size -= 65536) > 0) return;
      controller.enqueue(encoder.encode("\n\n"));
      controller.close();
    },
  });

globalThis.measure = {
  /** What a page does without the package. */
  platform: () =>
    longestBlock(async () => {
      const { value } = await answer().body.getReader().read();
      if (!new TextDecoder().decode(value).startsWith("data: a")) throw new Error("no body");
    }),

  parser: () =>
    longestBlock(() => {
      let events = 0;
      const parser = createParser({ onEvent: () => events++ });
      parser.push(small);
      if (events !== 1) throw new Error("no event");
    }),

  stream: () =>
    longestBlock(async () => {
      const { value } = await stream("/first", { fetch: async () => answer() }).next();
      if (value.data !== "a") throw new Error("no event");
    }),

  /** Events of this many bytes: by a parser that ends, by one that goes on with small events, and by a stream. */
  async memory(size) {
    let longest = 0;
    const onEvent = ({ data }) => (longest = Math.max(longest, data.length));
    const ended = createParser({ onEvent });
    feed(ended, size);
    ended.end();
    const goesOn = createParser({ onEvent });
    feed(goesOn, size);
    goesOn.push(small);
    globalThis.goesOn = goesOn;
    for await (const { data } of stream("/large", { fetch: async () => new Response(body(size), { headers: { "content-type": "text/event-stream" } }) })) {
      longest = Math.max(longest, data.length);
    }
    if (longest < size) throw new Error(`the longest event had ${longest} bytes`);
    await sleep(0);
    return peak;
  },

  /** To be asked after garbage was collected. */
  held,
};
