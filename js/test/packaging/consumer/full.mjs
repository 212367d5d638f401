import { createParser, stream } from "tidewire/full";
import { records, reply } from "./use.mjs";

export default async (base, key) => {
  const parsed = [];
  createParser({ format: "ndjson", onEvent: ({ value }) => parsed.push(value) }).push(new TextEncoder().encode("[1]\n"));
  return { reply: await reply(stream, base, key), records: await records(stream, base), parsed };
};
