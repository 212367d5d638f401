import { usage } from "../error.js";
import type { Machine } from "../machine.js";
import type { Attempt, Input, StreamOptions } from "../options.js";
import { absolute, requestTemplate } from "../request.js";
import type { RequestTemplate } from "../request.js";

/** Tells the machine what is requested, after all other options: how a reply is resumed may depend on it. */
export function setRequest(machine: Machine, { method, url }: RequestTemplate): void {
  if (machine.ask(`${method} ${url ?? ""}`)) return;
  throw usage("lastEventId: it belongs to a response that does not exist yet; read an existing one by GET");
}

/** The template of these options, except for a response that the core says to continue by another request. */
export function continuing(from: Input, options: StreamOptions, machine: () => Machine): RequestTemplate {
  const template = requestTemplate(from, options);
  return {
    ...template,
    async prepare(attempt, terms) {
      const url = terms.relay ? undefined : machine().continuation();
      if (url === undefined) return template.prepare(attempt, terms);
      const onward = { url: typeof from === "function" ? await placed(url, from, attempt) : url, method: "GET" };
      return template.prepare(attempt, { ...terms, onward });
    },
  };
}

/** The core does not know a URL that a function makes, only what comes after it. */
async function placed(rest: string, from: Extract<Input, Function>, attempt: Attempt): Promise<URL> {
  const base = absolute(await from({ ...attempt, method: "GET", url: "" }));
  const url = new URL(base.origin + base.pathname.replace(/\/$/, "") + rest);
  base.searchParams.forEach((value, name) => url.searchParams.has(name) || url.searchParams.append(name, value));
  return url;
}
