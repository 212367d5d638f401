import { stream } from "tidewire";
import { records } from "./use.mjs";

/** When each event of a reply arrived, in ms after the first; then a reply that is aborted in its middle, and replies in JSON lines. */
export default async function arrival(base, key) {
  const times = [];
  const reply = stream(`${base}/chat?interval_ms=100&events=12`);
  for await (const event of reply) if (event.data) times.push(performance.now());
  const { outcome } = await reply.outcome;
  const abort = new AbortController();
  const thrown = [];
  try {
    for await (const event of stream(`${base}/chat?interval_ms=20&events=500&key=${key}`, { signal: abort.signal })) if (event.data) abort.abort();
  } catch ({ name }) {
    thrown.push(name);
  }
  return { times: times.map((time) => time - times[0]), outcome, thrown, records: await records(stream, base) };
}
