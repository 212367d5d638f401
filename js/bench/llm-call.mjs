// A tool call's arguments in fragments, with their value so far after each, in a process of its own: milliseconds, of the first run and the
// median of all.
import { argumentsOf, toolCall } from "./llm-shapes.mjs";

const [, , variant, characters, fragment, runs] = process.argv;
const text = argumentsOf(Number(characters));
const size = Number(fragment);

const VARIANTS = {
  tidewire: async () => {
    const { createParser } = await import("../dist/llm.js");
    const events = toolCall(text, size);
    return (onValue) => {
      const onDelta = (delta) => {
        if (delta.kind === "arguments") onValue(parser.soFar.toolCalls[0].arguments);
      };
      const parser = createParser({ dialect: "openai-chat", onDelta });
      for (const event of events) parser.push(event);
      return parser.end().toolCalls[0].arguments;
    };
  },
  "jsonriver, bare fragments": async () => {
    async function* fragments() {
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
    }
    return river(fragments);
  },
  "eventsource-parser, JSON.parse and jsonriver": async () => {
    const { createParser } = await import("eventsource-parser");
    const events = toolCall(text, size);
    async function* fragments() {
      let fragment;
      const onEvent = ({ data }) => {
        fragment = data === "[DONE]" ? undefined : JSON.parse(data).choices[0].delta.tool_calls?.[0].function.arguments;
      };
      const parser = createParser({ onEvent });
      const decoder = new TextDecoder();
      for (const event of events) {
        parser.feed(decoder.decode(event, { stream: true }));
        if (fragment) yield fragment;
      }
    }
    return river(fragments);
  },
};

async function river(fragments) {
  const { parse } = await import("jsonriver");
  return async (onValue) => {
    let last;
    for await (const value of parse(fragments())) onValue((last = value));
    return last;
  };
}

const run = await VARIANTS[variant]();
let values = 0;
const times = [];
for (let round = 0; round < Number(runs); round++) {
  values = 0;
  const began = performance.now();
  const whole = await run((value) => {
    values++;
    if (typeof value !== "object") throw new Error("no value yet");
  });
  times.push(performance.now() - began);
  if (JSON.stringify(whole) !== text) throw new Error(`${variant} read something else`);
}
const [first] = times;
times.sort((a, b) => a - b);
console.log(JSON.stringify({ first, median: times[Math.floor(times.length / 2)], values }));
