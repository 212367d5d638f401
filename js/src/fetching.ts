import { defaultFetch } from "./host.js";
import type { Fetch } from "./host.js";
import type { Item, SseEvent } from "./items.js";
import { Machine } from "./machine.js";
import type { Input, ReadOptions, StreamOptions } from "./options.js";
import { onReturn } from "./page.js";
import { requestTemplate } from "./request.js";
import type { Answer } from "./request.js";
import { headOf, refuseUsed, responseOf } from "./response.js";
import type { Source } from "./response.js";
import { Streaming } from "./stream.js";
import type { Made } from "./stream.js";

/** Requests a stream. */
export function stream<T extends Item = SseEvent>(input: Input, options?: StreamOptions): Streaming<T> {
  return open(Streaming<T>, input, options);
}

/** The same for any class of stream. `template` makes its requests. */
export function open<S extends Streaming<unknown>>(
  Made: Made<S>,
  input: Input,
  options: StreamOptions = {},
  template = requestTemplate(input, options),
): S {
  const { idempotent, repeatable, signal } = template;
  const { resume } = options;
  const machine = new Machine({ ...options, idempotent: options.idempotent || idempotent, repeatable });
  const accept = machine.accept();
  let relay: URL | undefined;
  return new Made(machine, { ...options, signal }, {
    get name() {
      return ((options.fetch ?? defaultFetch()) as Fetch | undefined)?.transport ?? "fetch";
    },
    onReturn,
    refresh: options.refresh,
    async prepare(attempt, continues, signal) {
      const { cursor } = attempt;
      const place = machine.isAtRelay ? relay : undefined;
      const resumes = continues && cursor !== undefined && !place;
      const onward = resumes && typeof resume === "function" ? await resume(cursor) : undefined;
      const send = await template.prepare(attempt, { relay: place, onward, accept, signal });
      return async () => {
        const answer = await send();
        const place = placeAtRelay(answer);
        relay = place ?? relay;
        return { ...answer, relay: place };
      };
    },
  });
}

/** Where a relay keeps a response. Only at the origin that was asked, for it gets what was sent there. */
function placeAtRelay({ headers, url, asked }: Answer): URL | undefined {
  const location = headers.get("tidewire-stream") && headers.get("location");
  try {
    const place = location ? new URL(location, url) : undefined;
    return place?.origin === asked.origin ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Reads one response that is already there, to its end. Of a response, status and content type count; bytes alone are known by the first of them. */
export function parse<T extends Item = SseEvent>(source: Source, options: ReadOptions = {}): Streaming<T> {
  return read(Streaming<T>, source, options);
}

/** The same for any class of stream. */
export function read<S extends Streaming<unknown>>(Made: Made<S>, source: Source, options: ReadOptions): S {
  const response = responseOf(source);
  refuseUsed(response);
  const machine = new Machine({ ...options, retryAttempts: 0, resume: "never", sniff: response !== source, repeatable: false });
  return new Made(machine, options, { name: "fetch", prepare: async () => async () => headOf(response) });
}
