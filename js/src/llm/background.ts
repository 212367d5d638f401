import { usage } from "../error.js";
import type { Machine } from "../machine.js";
import type { Attempt, Continuation, Input, StreamOptions } from "../options.js";
import { absolute, requestTemplate } from "../request.js";
import type { RequestTemplate } from "../request.js";

/** Where a reply continues that can be continued in no other way; `crates/wasm/src/machine.rs` has this number. */
const CONTINUATION = 12;

/** Tells the machine what is requested, after all other options: how a reply is resumed may depend on it. */
export function setRequest(machine: Machine, { request }: RequestTemplate): void {
  if (machine.set("request", request)) return;
  throw usage("lastEventId: it belongs to a response that does not exist yet; read an existing one by GET");
}

/** The template of these options, except for a response that the core says to continue by another request. */
export function continuing(from: Input, options: StreamOptions, machine: () => Machine): RequestTemplate {
  let next: Continuation = {};
  const template = requestTemplate(from, options);
  const onward = requestTemplate(from, { ...options, resume: () => next });
  return {
    ...template,
    async prepare(attempt, terms) {
      const url = terms.relay ? undefined : continuation(machine());
      if (url === undefined) return template.prepare(attempt, terms);
      next = { url: typeof from === "function" ? await placed(url, from, attempt) : url, method: "GET" };
      return onward.prepare(attempt, { ...terms, continues: true });
    },
  };
}

function continuation(machine: Machine): string | undefined {
  const [core, number] = machine.own;
  return core.exports.machine_fact(number, CONTINUATION) === 0 ? undefined : core.text(number, core.exports.machine_header(number));
}

/** The core does not know a URL that a function makes, only what comes after it. */
async function placed(rest: string, from: Extract<Input, Function>, attempt: Attempt): Promise<URL> {
  const base = absolute(await from({ ...attempt, method: "GET", url: "" }));
  const url = new URL(base.origin + base.pathname.replace(/\/$/, "") + rest);
  base.searchParams.forEach((value, name) => url.searchParams.has(name) || url.searchParams.append(name, value));
  return url;
}
