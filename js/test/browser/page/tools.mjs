// What tests in a page and in a worker need.
export { take } from "./take.mjs";

const given = new URLSearchParams(globalThis.location.search);
export const id = given.get("id");
export const engine = given.get("engine");
/** `tidewire serve`, the other origin, and one at which nobody listens. */
export const upstream = given.get("serve");
export const other = given.get("other");
export const down = given.get("down");
/** How many events a long run reads; none in others. */
export const longRun = Number(given.get("events"));

let keys = 0;

/** Replies for the requests that follow, and a way to see those requests. */
export function script(replies, origin = location.origin) {
  const key = `${id}-${++keys}-${given.get("worker") ?? "page"}`;
  const path = `/script?key=${key}&s=${encodeURIComponent(JSON.stringify(replies))}`;
  return {
    url: origin + path,
    path,
    async requests() {
      const log = await (await fetch(`${location.origin}/log?key=${key}`)).json();
      return log.filter(({ method }) => method !== "OPTIONS");
    },
    async preflights() {
      const log = await (await fetch(`${location.origin}/log?key=${key}`)).json();
      return log.filter(({ method }) => method === "OPTIONS");
    },
  };
}

/** Has done what a page cannot do itself. */
export async function host(...what) {
  return (await fetch("/do", { method: "POST", body: JSON.stringify(what) })).json();
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(isSo, what = isSo) {
  for (let tries = 0; tries < 1000; tries++) {
    if (await isSo()) return;
    await sleep(10);
  }
  throw new Error(`never came: ${what}`);
}

export function equal(have, want, what = "") {
  const [a, b] = [JSON.stringify(have), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what}\n  have ${a}\n  want ${b}`);
}

export function ok(isSo, what) {
  if (!isSo) throw new Error(`not so: ${what}`);
}
