// The same on the core that wasm2js made.
process.env.TIDEWIRE_CORE = "js";
await import("./absence.test.mjs");
