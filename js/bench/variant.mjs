// One shape through one parser, in a process of its own: several in one would share their inline caches.
import { SHAPES } from "./shapes.mjs";

const [, , shape, variant, runs, size] = process.argv;

const VARIANTS = {
  tidewire: async () => {
    const { createParser } = await import("../dist/index.js");
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

const run = await VARIANTS[variant]();
const chunks = SHAPES[shape](Number(size));
const total = chunks.reduce((sum, { length }) => sum + length, 0);
let events = 0;
let units = 0;
const rates = [];
for (let round = 0; round < Number(runs); round++) {
  events = 0;
  units = 0;
  const { user, system } = process.cpuUsage();
  run(chunks, ({ data }) => {
    events++;
    // What is not looked at need not be made.
    units += data.length + data.charCodeAt(data.length - 1) % 2;
  });
  const spent = process.cpuUsage({ user, system });
  rates.push(total / (spent.user + spent.system));
}
rates.sort((a, b) => a - b);
console.log(JSON.stringify({ rate: rates[Math.floor(rates.length / 2)], events, units }));
