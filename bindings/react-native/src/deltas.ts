import type { Alternative, Delta, Dialect, FinishReason, Message, ToolCall } from "tidewire/llm";
import { Delta_Tags } from "./native";
import type { Delta as NativeDelta, Usage } from "./native";

export function deltaOf(delta: NativeDelta): Delta {
  switch (delta.tag) {
    case Delta_Tags.Start:
      return { kind: "start", ...delta.inner };
    case Delta_Tags.Text:
      return { kind: "text", ...delta.inner };
    case Delta_Tags.Reasoning:
      return { kind: "reasoning", ...delta.inner };
    case Delta_Tags.Refusal:
      return { kind: "refusal", ...delta.inner };
    case Delta_Tags.ToolCall:
      return { kind: "tool_call", ...delta.inner };
    case Delta_Tags.Arguments:
      return { kind: "arguments", ...delta.inner };
    case Delta_Tags.Usage:
      return { kind: "usage", ...counts(delta.inner.usage) };
    case Delta_Tags.Citation:
      return { kind: "citation", ...delta.inner };
    case Delta_Tags.Finish:
      return { kind: "finish", ...delta.inner, reason: delta.inner.reason as FinishReason };
    case Delta_Tags.Error: {
      const { kind: code, message, retryable } = delta.inner;
      return { kind: "error", code, message, retryable };
    }
    case Delta_Tags.Other: {
      const { name, json } = delta.inner;
      try {
        return { kind: "other", name, value: JSON.parse(json) };
      } catch {
        return { kind: "other", name, valueText: json };
      }
    }
  }
}

function counts(usage: Usage): { [count: string]: number } {
  const reported = Object.entries(usage).filter(([, count]) => count !== undefined);
  return Object.fromEntries(reported.map(([name, count]) => [name, Number(count)]));
}

type Fields = { [name: string]: any };

/** The message of the line that the native library writes. */
export function messageOf(line: string): Message {
  const { type: _, dialect, usage = {}, others = [], raw = [], ...fields } = JSON.parse(line) as Fields;
  return {
    dialect: dialect as Dialect,
    id: "",
    model: "",
    created: "",
    ...alternativeOf(fields),
    usage: camel(usage),
    others: others.map(({ choice, ...fields }: Fields) => ({ choice, ...alternativeOf(fields) })),
    raw: raw.map((other: Fields) => ({ name: "", ...camel(other) })),
  };
}

function alternativeOf({ tool_calls = [], citations = [], ...fields }: Fields): Alternative {
  return {
    text: "",
    reasoning: "",
    refusal: "",
    finishSaid: "",
    ...camel(fields),
    toolCalls: tool_calls.map(callOf),
    citations: citations.map((citation: Fields) => ({ url: "", title: "", ...citation })),
  };
}

function callOf({ id = "", name = "", arguments: value, arguments_text: text }: Fields): ToolCall {
  return { id, name, arguments: value, argumentsText: text ?? JSON.stringify(value) };
}

function camel(fields: Fields): Fields {
  const name = (snake: string): string => snake.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [name(key), value]));
}
