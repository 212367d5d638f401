// The same on the core of events and text.
process.env.TIDEWIRE_CORE = "events";
await import("./cases.test.mjs");
