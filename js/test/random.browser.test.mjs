// The same as a browser has it, without Node's Buffer: its tables are UTF-8.
const { Buffer } = globalThis;
globalThis.Buffer = undefined;
await import("../dist/index.js");
globalThis.Buffer = Buffer;
await import("./random.test.mjs");
