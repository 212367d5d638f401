import type { Machine } from "../machine.js";
import { TidewireError } from "../error.js";
import type { Continuation, StreamOptions } from "../options.js";
import { planOf } from "../request.js";
import type { Plan } from "../request.js";

/** A reply tells where it goes on, where that is to be asked for in no other way; `crates/wasm/src/machine.rs` has this number. */
const CONTINUATION = 12;

/** Says once what is requested, after all other options: how a reply is resumed may depend on it. */
export function ask(machine: Machine, { request }: Plan): void {
  if (machine.set("request", request)) return;
  throw new TidewireError("usage", "lastEventId: it belongs to a response that is yet to be made; read one by GET");
}

/** The plan of these options, but for a response that the core says to go on with by another request. */
export function goingOn(from: string | URL | Request, options: StreamOptions, machine: () => Machine): Plan {
  let next: Continuation = {};
  const plan = planOf(from, options);
  const onward = planOf(from, { ...options, resume: () => next });
  return {
    ...plan,
    async prepare(attempt, continues, accept, signal) {
      const found = continuation(machine());
      if (found === undefined) return plan.prepare(attempt, continues, accept, signal);
      next = found;
      return onward.prepare(attempt, true, accept, signal);
    },
  };
}

function continuation(machine: Machine): Continuation | undefined {
  const [core, number] = machine.own;
  if (core.exports.machine_tell(number, CONTINUATION) === 0) return undefined;
  const url = core.text(number, core.exports.machine_header(number));
  return { url, method: "GET" };
}
