import { TidewireError, usage } from "../error.js";
import { open, read } from "../fetching.js";
import type { Machine } from "../machine.js";
import type { Input, StreamOptions } from "../options.js";
import { errorOf } from "../outcome.js";
import type { Outcome } from "../outcome.js";
import type { Transport } from "../exchange.js";
import type { Source } from "../response.js";
import { Streaming } from "../stream.js";
import type { DriverOptions } from "../driver.js";
import { continuing, setRequest } from "./background.js";
import { checkDialect } from "./delta.js";
import type { Delta, Dialect } from "./delta.js";
import type { Message } from "./message.js";
import { DeltaReader } from "./rows.js";

/**
 * Options of `deltas`: those of `stream`, and whose reply it is. A background response of OpenAI's Responses (`background: true`) continues
 * where it broke with `resume: "always"`; one that is read by GET does so by itself.
 */
export interface ReplyOptions extends StreamOptions {
  /** `auto` by default. A dialect that is named also proves the end of a reply that breaks off before its first record. */
  dialect?: Dialect | undefined;
}

/** A promise that calls `ask` when somebody waits for it. */
class Asked<T> extends Promise<T> {
  /** Those made of it are plain: waiting for them asks for nothing more. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #ask: () => void;

  constructor(made: Promise<T>, ask: () => void) {
    super((resolve) => resolve(made));
    this.#ask = ask;
    // Who never waits for it need not hear of a rejection: the loop throws it too.
    super.then(undefined, () => {});
  }

  override then<A = T, B = never>(
    resolved?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#ask();
    return super.then(resolved, rejected);
  }
}

/** The reply of an LLM: its deltas by `for await`, and the message that they make up. Otherwise like any stream. */
export class Reply extends Streaming<Delta> {
  readonly #machine: Machine;
  readonly #reader: DeltaReader;
  readonly #signal: AbortSignal | null | undefined;
  #message: Promise<Message> | undefined;
  #hasBegun = false;
  /** It is read as a whole, so that nobody else may take a part of it. */
  #isTaken = false;

  /** For `deltas`. */
  constructor(machine: Machine, options: DriverOptions & { dialect?: Dialect | undefined }, transport: Transport) {
    const reader = new DeltaReader(options);
    super(machine, options, transport, reader);
    this.#machine = machine;
    this.#reader = reader;
    this.#signal = options.signal;
  }

  /** For `deltas`. */
  static requested(from: Input, options: ReplyOptions): Reply {
    const template = continuing(from, options, () => reply.#machine);
    const reply = open(Reply, from, options, template);
    setRequest(reply.#machine, template);
    return reply;
  }

  /**
   * The whole message. Whoever waits for it before anybody has begun to read the reply has it read to its end, so begin a loop first, or in
   * the same turn. Rejects as the loop throws if the reply is neither complete nor ended, and with the code `cancelled` if it was stopped.
   */
  get message(): Promise<Message> {
    return (this.#message ??= new Asked(
      this.outcome.then((outcome) => wholeOf(this.#reader, outcome, this.#signal, this.#reader.hole)),
      // A loop that begins in the same turn comes first.
      () => void Promise.resolve().then(() => this.#readWhole()),
    ));
  }

  /** Reads the reply to its end if nobody has begun to; nobody can from then on. */
  #readWhole(): void {
    if (this.#hasBegun || this.state !== "idle") return;
    this.#isTaken = true;
    void this.drain();
  }

  override next(): Promise<IteratorResult<Delta, undefined>> {
    if (this.#isTaken) return Promise.reject(usage("this reply is being read as a whole; begin the loop before that, or use soFar"));
    this.#hasBegun = true;
    return super.next();
  }

  /**
   * The message as far as it was read: the same object each time, unless a followed reply started from its beginning. The arguments of its
   * tool calls are values that grow.
   */
  get soFar(): Message {
    return this.#reader.draft.message;
  }

  /** Reads the rest of the reply, and gives the whole message; rejects as `message` does. */
  async whole(): Promise<Message> {
    await this.drain();
    return this.message;
  }

  /** Only the text, of the first alternative: what each read brought of it, never empty. */
  async *text(): AsyncGenerator<string, undefined> {
    for await (const batch of this.batches()) {
      let text = "";
      for (const delta of batch) if (delta.kind === "text" && delta.choice === 0) text += delta.text;
      if (text !== "") yield text;
    }
  }
}

/** The whole message of a reply that ended well; otherwise throws. */
export function wholeOf({ draft }: DeltaReader, outcome: Outcome, signal?: AbortSignal | null, hole?: TidewireError): Message {
  const error = errorOf(outcome, undefined) ?? hole;
  if (error !== undefined) throw error;
  if (outcome.outcome !== "cancelled") return draft.whole();
  throw signal?.aborted ? signal.reason : new TidewireError("cancelled", outcome.error ?? "the reply was stopped before its end");
}

/**
 * The reply of an LLM as typed deltas: `for await (const delta of deltas(url, { dialect: "openai-chat", json }))`. Takes a URL or a request,
 * or a response that is already there: a `Response` or its bytes.
 *
 * Throws a `TidewireError` with the code `usage` for a request that can never be sent; everything else is thrown by the loop.
 */
export function deltas(from: Input | Source, options: ReplyOptions = {}): Reply {
  const chosen = { ...options, dialect: options.dialect ?? "auto" };
  checkDialect(chosen.dialect);
  if (typeof from === "function" || typeof from === "string" || from instanceof URL || from instanceof Request) {
    return Reply.requested(from, chosen);
  }
  return read(Reply, from, chosen);
}
