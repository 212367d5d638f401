import { usage } from "./error.js";
import type { Admit, Head } from "./exchange.js";
import { defaultFetch } from "./host.js";
import type { Fetch } from "./host.js";
import type { Item, SseEvent } from "./items.js";
import { machineOf } from "./options.js";
import type { Input, ReadOptions, StreamOptions } from "./options.js";
import { onReturn } from "./page.js";
import { requestTemplate } from "./request.js";
import { bytesOf, headOf, isBody, isResponse, refuseUsed } from "./response.js";
import type { Body, Source } from "./response.js";
import { Streaming } from "./stream.js";
import type { Made } from "./stream.js";

/** Requests a stream. */
export function stream<T extends Item = SseEvent>(input: Input, options?: StreamOptions): Streaming<T> {
  return open(Streaming<T>, input, options);
}

/** The same for any class of stream. `admit` gives it a slot if not all may be open at a time, `template` makes its requests. */
export function open<S extends Streaming<unknown>>(
  Made: Made<S>,
  input: Input,
  options: StreamOptions = {},
  admit?: Admit,
  template = requestTemplate(input, options),
): S {
  const { idempotent, repeatable, signal } = template;
  const machine = machineOf({ ...options, idempotent: options.idempotent || idempotent, repeatable });
  const accept = machine.accept();
  let relay: URL | undefined;
  return new Made(machine, { ...options, signal }, {
    get name() {
      return ((options.fetch ?? defaultFetch()) as Fetch | undefined)?.transport ?? "fetch";
    },
    admit,
    onReturn,
    refresh: options.refresh,
    async prepare(attempt, continues, signal) {
      const send = await template.prepare(attempt, { continues, relay: machine.isAtRelay ? relay : undefined, accept, signal });
      return async () => {
        const { response, relay: place, lostCursor } = await send();
        relay = place ?? relay;
        return headOf(response, template.method === "HEAD", place !== undefined, lostCursor);
      };
    },
  });
}

/** Reads one response that is already there, to its end. Of a response, status and content type count; bytes alone are known by the first of them. */
export function parse<T extends Item = SseEvent>(source: Source, options: ReadOptions = {}): Streaming<T> {
  return read(Streaming<T>, source, options);
}

/** The same for any class of stream. */
export function read<S extends Streaming<unknown>>(Made: Made<S>, source: Source, options: ReadOptions): S {
  const response = isResponse(source) ? source : undefined;
  if (!response && !isBody(source)) {
    const given = source === null ? "null" : typeof source;
    throw usage(`this is not a body but ${given}; give a Response, a ReadableStream, or an async iterable of Uint8Arrays`);
  }
  refuseUsed(source);
  const machine = machineOf({ ...options, retryAttempts: 0, resume: "never", sniff: !response, repeatable: false });
  const head = (): Head =>
    response ? headOf(response) : { status: 200, headers: new Headers(), isRelayed: false, lostCursor: false, ...bytesOf(source as Body) };
  return new Made(machine, options, { name: "fetch", prepare: async () => async () => head() });
}
