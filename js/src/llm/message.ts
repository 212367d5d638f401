import type { Citation, Delta, Dialect, FinishReason, Other, Usage } from "./delta.js";
import { Growing } from "./growing.js";

/** A tool that the model wants called. */
export interface ToolCall {
  /** The provider's id of the call; empty if it has none. */
  id: string;
  name: string;
  /** The arguments. While they arrive, the value so far, which grows in place; `undefined` before it begins, and for what is not JSON. */
  arguments: unknown;
  /** Their JSON text. */
  argumentsText: string;
}

/** One of several alternatives of a reply. */
export interface Alternative {
  text: string;
  /** The model's reasoning. */
  reasoning: string;
  /** Why it refuses. */
  refusal: string;
  /** In the order in which the calls began. */
  toolCalls: ToolCall[];
  citations: Citation[];
  /** Why it is finished; absent until it is. */
  finish?: FinishReason;
  /** The same in the provider's own word. */
  finishSaid: string;
}

/** A reply as far as it has arrived. What the provider does not say is empty. */
export interface Message extends Alternative {
  /** `auto` until a record has identified it. */
  dialect: Dialect;
  id: string;
  model: string;
  /** As the provider writes it: seconds since 1970, or a date. */
  created: string;
  usage: Usage;
  /** The other alternatives, if more than one was requested. */
  others: (Alternative & { choice: number })[];
  /** Whatever has no place above. */
  raw: Other[];
}

const LONG = 4096;
const HALF = /\\u[dD][89a-fA-F]/;
const alternative = (): Alternative => ({
  text: "",
  reasoning: "",
  refusal: "",
  toolCalls: [],
  citations: [],
  finishSaid: "",
});

/** Puts together what a reply brings. */
export class Draft {
  readonly #message: Message;
  /** What is to be added to its text. */
  #tail = "";
  /** The same as in the message, by their numbers. */
  readonly #others = new Map<number, Alternative & { choice: number }>();
  readonly #growing = new Map<ToolCall, Growing>();

  constructor(dialect: Dialect) {
    this.#message = { dialect, id: "", model: "", created: "", ...alternative(), usage: {}, others: [], raw: [] };
  }

  /** The message so far, the same object each time. */
  get message(): Message {
    this.#message.text += this.#tail;
    this.#tail = "";
    return this.#message;
  }

  /** A piece of the text. */
  text(choice: number, piece: string): void {
    if (choice !== 0) {
      this.choice(choice).text += piece;
      return;
    }
    this.#tail += piece;
    if (this.#tail.length < LONG) return;
    // A string of so many pieces becomes one that is whole as soon as it is looked at: else each piece keeps an object alive, for the
    // garbage collector to carry along (`npm run bench:llm`).
    Number(this.#tail);
    this.#message.text += this.#tail;
    this.#tail = "";
  }

  choice(choice: number): Alternative {
    const message = this.#message;
    if (choice === 0) return message;
    let own = this.#others.get(choice);
    if (own === undefined) {
      message.others.push((own = { choice, ...alternative() }));
      this.#others.set(choice, own);
    }
    return own;
  }

  /** A fragment of a call's arguments; what it builds is to be added to what is returned, and then `shown`. */
  fragment(choice: number, index: number, fragment: string): ToolCall | undefined {
    const call = this.choice(choice).toolCalls[index];
    if (call !== undefined) call.argumentsText += fragment;
    return call;
  }

  growing(call: ToolCall | undefined): Growing {
    return (call && this.#growing.get(call)) ?? new Growing();
  }

  /** What is no text and no arguments. An error is how the reply ended, and no part of it. */
  push(delta: Delta): void {
    const message = this.#message;
    if (delta.kind === "start") {
      message.id = delta.id;
      message.model = delta.model;
      message.created = delta.created;
    } else if (delta.kind === "tool_call") {
      const { toolCalls } = this.choice(delta.choice);
      const { index, id, name } = delta;
      const known = toolCalls[index];
      if (known) Object.assign(known, { id, name });
      else {
        const call: ToolCall = { id, name, arguments: undefined, argumentsText: "" };
        toolCalls.push(call);
        this.#growing.set(call, new Growing());
      }
    } else if (delta.kind === "usage") {
      const { kind: _, ...usage } = delta;
      Object.assign(message.usage, usage);
    } else if (delta.kind === "citation") {
      const { url, title } = delta;
      this.choice(delta.choice).citations.push({ url, title });
    } else if (delta.kind === "finish") {
      const own = this.choice(delta.choice);
      own.finish = delta.reason;
      own.finishSaid = delta.said;
    } else if (delta.kind === "other") {
      const { kind: _, ...other } = delta;
      message.raw.push(other);
    }
  }

  /** The whole message: nothing more follows. */
  whole(): Message {
    const { message } = this;
    for (const { toolCalls } of [message, ...message.others]) {
      for (const call of toolCalls) {
        // Half a character that is escaped stands alone in what JSON.parse makes, and in nothing that the core does.
        const isThere = this.#growing.get(call)?.isWhole && !HALF.test(call.argumentsText);
        if (!isThere) call.arguments = parsed(call.argumentsText || "{}");
      }
    }
    this.#growing.clear();
    return message;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
