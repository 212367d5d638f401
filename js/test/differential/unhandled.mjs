// What was rejected and nobody caught belongs to the log of the build that runs.
import { describe } from "./describe.mjs";

let say = () => {};
process.on("unhandledRejection", (error) => say(`unhandled: ${describe(error)}`));

/** Returns what stops it. */
export function watchUnhandled(to) {
  say = to;
  return () => (say = () => {});
}
