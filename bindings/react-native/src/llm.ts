// LLM replies: typed deltas from every provider's stream.
import type { Delta, Dialect, Message } from "tidewire/llm";
import { messageOf } from "./deltas";
import { TidewireError } from "./error";
import { StreamKind } from "./native";
import type { Input, StreamOptions } from "./options";
import type { Outcome } from "./outcome";
import { decoded, defaultClient, isBody, requested } from "./source";
import type { Body } from "./source";
import { Streaming } from "./stream";

/** Options of `deltas`: those of `stream`, and whose reply it is. */
export interface ReplyOptions extends StreamOptions {
  /** `auto` by default. A dialect that is named also proves the end of a reply that breaks off before its first record. */
  dialect?: Dialect | undefined;
}

/** The reply of an LLM: its deltas by `for await`, and the message that they make up. Otherwise like any stream. */
class Reply extends Streaming<Delta> {
  #message: Promise<Message> | undefined;

  /**
   * The whole message. Whoever asks for it before anybody has begun to read the reply has it read to its end, so begin a loop first, or in
   * the same turn. Rejects as the loop throws if the reply is neither complete nor ended, and with the code `cancelled` if it was stopped.
   */
  get message(): Promise<Message> {
    if (this.#message === undefined) {
      this.#message = this.outcome.then((outcome) => this.#whole(outcome));
      // The loop throws it too.
      this.#message.catch(() => {});
      // A loop that begins in the same turn comes first.
      void Promise.resolve().then(() => this.readWhole());
    }
    return this.#message;
  }

  /** The message as far as it was read, a new object each time. */
  get soFar(): Message {
    return messageOf(this.line ?? "{}");
  }

  #whole({ outcome, error }: Outcome): Message {
    if (this.failure) throw this.failure.thrown;
    if (outcome === "cancelled") throw new TidewireError("cancelled", error ?? "the reply was stopped before its end");
    return this.soFar;
  }

  /** Reads the rest of the reply, and gives the whole message; rejects as `message` does. */
  async whole(): Promise<Message> {
    await this.drain();
    return this.message;
  }

  /** Only the text, of the first alternative: what each read brought of it, never empty. */
  async *text(): AsyncGenerator<string, undefined> {
    for await (const batch of this.batches()) {
      const texts = batch.map((delta) => (delta.kind === "text" && delta.choice === 0 ? delta.text : ""));
      const text = texts.join("");
      if (text !== "") yield text;
    }
  }
}

/**
 * The reply of an LLM as typed deltas: `for await (const delta of deltas(url, { dialect: "openai-chat", json }))`. Takes a URL, or the bytes of a
 * reply that is already there.
 *
 * Throws a `TidewireError` with the code `usage` for a request that can never be sent; everything else is thrown by the loop.
 */
export function deltas(from: Input | Body, options: ReplyOptions = {}): Reply {
  const chosen = { ...options, dialect: options.dialect ?? "auto" };
  const source = isBody(from) ? decoded(from, chosen) : requested(defaultClient(), StreamKind.Reply, from, chosen);
  return new Reply(source, options);
}

export type {
  Alternative,
  ArgumentsDelta,
  Citation,
  CitationDelta,
  Delta,
  Dialect,
  ErrorDelta,
  FinishDelta,
  FinishReason,
  Message,
  Other,
  OtherDelta,
  StartDelta,
  TextDelta,
  ToolCall,
  ToolCallDelta,
  Usage,
  UsageDelta,
} from "tidewire/llm";
export type { Reply };
export { TidewireError } from "./error";
export type { ErrorCode, ErrorFields, OutcomeCode } from "tidewire";
export type { Outcome, Stats } from "./outcome";
