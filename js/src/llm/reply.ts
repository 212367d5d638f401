import { TidewireError } from "../error.js";
import { open, read } from "../fetching.js";
import type { Source } from "../fetching.js";
import type { Machine } from "../machine.js";
import type { StreamOptions } from "../options.js";
import { errorOf } from "../outcome.js";
import type { Outcome } from "../outcome.js";
import type { Transport } from "../exchange.js";
import { Streaming } from "../stream.js";
import { ask, goingOn } from "./background.js";
import type { Delta, Dialect } from "./delta.js";
import type { Message } from "./message.js";
import { DeltaReader } from "./rows.js";

/**
 * Options of `deltas`: those of `stream`, and whose reply it is. A background response of OpenAI's Responses (`background: true`) goes on
 * where it broke with `resume: "always"`; one that is read by GET does so by itself.
 */
export interface ReplyOptions extends StreamOptions {
  /** `auto` by default. A dialect that is named also proves the end of a reply that breaks off before its first record. */
  dialect?: Dialect | undefined;
}

/** The reply of an LLM: its deltas by `for await`, and the message that they come to. Otherwise as the stream that it is. */
export class Reply extends Streaming<Delta> {
  readonly #machine: Machine;
  readonly #reader: DeltaReader;
  readonly #signal: AbortSignal | null | undefined;
  #message: Promise<Message> | undefined;

  /** For `deltas`. */
  constructor(machine: Machine, options: Omit<ReplyOptions, "headers" | "body">, transport: Transport) {
    const reader = new DeltaReader(options);
    super(machine, options, transport, reader);
    this.#machine = machine;
    this.#reader = reader;
    this.#signal = options.signal;
  }

  /** For `deltas`. */
  static requested(from: string | URL | Request, options: ReplyOptions): Reply {
    const plan = goingOn(from, options, () => reply.#machine);
    const reply = open(Reply, from, options, undefined, plan);
    ask(reply.#machine, plan);
    return reply;
  }

  /**
   * The whole message, once the reply was read to its end: by a loop, `text()`, `drain()` or `whole()`. Rejects as the loop throws where the
   * reply is neither complete nor ended, and with the code `cancelled` where it was stopped before its end.
   */
  get message(): Promise<Message> {
    if (this.#message === undefined) {
      this.#message = this.outcome.then((outcome) => wholeOf(this.#reader, outcome, this.#signal, this.#reader.hole));
      // Who asked need not wait: the loop says it too.
      this.#message.catch(() => {});
    }
    return this.#message;
  }

  /** The message as far as it was read, the same object each time, unless a followed reply began anew. Tool calls have the value of their arguments so far. */
  get soFar(): Message {
    return this.#reader.draft.message;
  }

  /** Reads the reply to its end, and says what it came to; rejects as `message` does. */
  async whole(): Promise<Message> {
    await this.drain();
    return this.message;
  }

  /** The text alone, of the first alternative: what each read brought of it, never empty. */
  async *text(): AsyncGenerator<string, undefined> {
    for await (const batch of this.batches()) {
      let text = "";
      for (const delta of batch) if (delta.kind === "text" && delta.choice === 0) text += delta.text;
      if (text !== "") yield text;
    }
  }
}

/** The whole message of a reply that came to its good end; else throws. */
export function wholeOf({ draft }: DeltaReader, outcome: Outcome, signal?: AbortSignal | null, hole?: TidewireError): Message {
  const error = errorOf(outcome, undefined) ?? hole;
  if (error !== undefined) throw error;
  if (outcome.outcome !== "cancelled") return draft.whole();
  throw signal?.aborted ? signal.reason : new TidewireError("cancelled", "the reply was stopped before its end");
}

/**
 * The reply of an LLM as typed deltas: `for await (const delta of deltas(url, { dialect: "openai-chat", json }))`. Takes a URL or a request,
 * or a reply that is already there: a `Response` or its bytes.
 *
 * Throws a `TidewireError` with the code `usage` for options that cannot be so; all else is thrown by the loop.
 */
export function deltas(from: string | URL | Request | Source, options: ReplyOptions = {}): Reply {
  const chosen = { dialect: "auto" as const, ...options };
  if (typeof from === "string" || from instanceof URL || from instanceof Request) return Reply.requested(from, chosen);
  return read(Reply, from, chosen);
}
