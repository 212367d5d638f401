import { impossible } from "../error.js";

const NAMES = [
  "auto",
  "openai-chat",
  "openai-responses",
  "anthropic",
  "gemini",
  "gemini-interactions",
  "ollama",
  "cohere",
  "mistral",
  "mistral-conversations",
  "bedrock-json",
  "vercel-ui",
  "ag-ui",
  "openai-assistants",
  "workers-ai",
  "dashscope",
  "dify",
  "coze",
  "langgraph",
  "replicate",
  "tgi",
  "a2a",
  "snowflake-cortex",
  "generic",
] as const;

/** The form in which a provider streams its replies; `auto` is decided by the first record that only one of them has, `generic:PATH` takes the text at that path. */
export type Dialect = (typeof NAMES)[number] | `generic:${string}`;

/** Refuses what is not the name of a dialect. */
export function checkDialect(dialect: string): void {
  if (/^generic:./s.test(dialect) || NAMES.some((name) => name === dialect)) return;
  throw impossible("dialect", dialect, `${NAMES.join(", ")}, or generic:PATH`);
}

/** Why an alternative is finished, in one word for all providers. */
export type FinishReason =
  | "stop"
  | "length"
  | "tool_calls"
  | "content_filter"
  | "refusal"
  | "pause"
  | "error"
  | "other";

/** Counts of tokens. What the provider has not reported is absent. */
export interface Usage {
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  /** Output tokens that were spent on reasoning. */
  reasoningTokens?: number;
  /** Input tokens that came from a cache. */
  cachedTokens?: number;
  /** Input tokens that were written to a cache. */
  cacheWriteTokens?: number;
}

/** A source that a reply names; empty fields if it has no address or title. */
export interface Citation {
  url: string;
  title: string;
}

/** What has no name here: signatures of reasoning, results of the provider's own tools, events that are not known yet. */
export interface Other {
  /** The provider's name for it. */
  name: string;
  value?: unknown;
  /** Instead of `value`, for what is not JSON. */
  valueText?: string;
}

/** The reply has begun. What the provider does not say is empty. */
export interface StartDelta {
  kind: "start";
  id: string;
  model: string;
  /** As the provider writes it: seconds since 1970, or a date. */
  created: string;
}

/** A piece of a text; never empty. `choice` counts the alternatives of a reply from 0; nearly all replies have one. */
export interface TextDelta {
  kind: "text" | "reasoning" | "refusal";
  choice: number;
  text: string;
}

/** A tool call begins. A repeated `index` updates a call whose id or name arrived late or in pieces; it has both in full. `index` counts from 0 in its alternative. */
export interface ToolCallDelta {
  kind: "tool_call";
  choice: number;
  index: number;
  /** The provider's id of the call; empty if it has none. */
  id: string;
  name: string;
}

/** More of the JSON text of a call's arguments; never empty. */
export interface ArgumentsDelta {
  kind: "arguments";
  choice: number;
  index: number;
  fragment: string;
}

/** What the reply has used so far. The fields of a later one replace those of an earlier one. */
export interface UsageDelta extends Usage {
  kind: "usage";
}

export interface CitationDelta extends Citation {
  kind: "citation";
  choice: number;
}

/** An alternative is finished. */
export interface FinishDelta {
  kind: "finish";
  choice: number;
  reason: FinishReason;
  /** The same in the provider's own word. */
  said: string;
}

/** The provider reports that it has failed. The stream is over, whatever follows. */
export interface ErrorDelta {
  kind: "error";
  /** The provider's name for what happened, or the status; empty if it has none. */
  code: string;
  /** In words, for people. */
  message: string;
  /** Whether the same request may succeed later. */
  retryable: boolean;
}

export interface OtherDelta extends Other {
  kind: "other";
}

/** One typed piece of a reply, in the same form for all providers. */
export type Delta =
  | TextDelta
  | ArgumentsDelta
  | ToolCallDelta
  | StartDelta
  | UsageDelta
  | CitationDelta
  | FinishDelta
  | ErrorDelta
  | OtherDelta;

/** What a line leaves out where it is empty. */
const EMPTY: { [kind in Delta["kind"]]?: object } = {
  start: { id: "", model: "", created: "" },
  tool_call: { choice: 0, index: 0, id: "", name: "" },
  citation: { choice: 0, url: "", title: "" },
  finish: { choice: 0, reason: "other", said: "" },
  error: { code: "", message: "", retryable: false },
  other: { name: "" },
};

/** The delta of a line of JSON, as `tidewire decode --dialect` prints it. */
export function deltaOf(line: string): Delta {
  const { type: _, kind, ...fields } = JSON.parse(line);
  const delta: { [name: string]: unknown } = { kind, ...EMPTY[kind as Delta["kind"]] };
  for (const name of Object.keys(fields)) {
    delta[name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())] = fields[name];
  }
  return delta as unknown as Delta;
}
