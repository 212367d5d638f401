import type { Item, StreamOptions, TidewireError as NpmError } from "tidewire";
import type { Delta } from "tidewire/llm";
import { deltaOf } from "./deltas";
import { TidewireError } from "./error";
import { Item_Tags } from "./native";
import type { Item as NativeItem } from "./native";
import { attemptOf } from "./options";

/** The hooks that are called for what is not an item. */
export type Hooks = Pick<
  StreamOptions,
  "onComment" | "onRetry" | "onAttempt" | "onStall" | "onGap" | "onReplayed" | "skipOversized"
> & { onError?: ((error: NpmError) => void) | undefined };

/** Whether it is for the loop, and not for a hook. */
export function isForLoop({ tag }: NativeItem): boolean {
  return tag === Item_Tags.Event || tag === Item_Tags.Record || tag === Item_Tags.Text || tag === Item_Tags.Reply;
}

/** What the loop gets; `undefined` for a notice, whose hook was called. Throws a record that is missing if nobody would hear of it. */
export function taken(item: NativeItem, hooks: Hooks): Item | Delta | undefined {
  switch (item.tag) {
    case Item_Tags.Event: {
      const { event, data, id } = item.inner;
      return { type: event, data, id };
    }
    case Item_Tags.Record:
      return { type: "record", index: Number(item.inner.index), value: JSON.parse(item.inner.json) };
    case Item_Tags.Text:
      return { type: "text", text: item.inner.text };
    case Item_Tags.Reply:
      return deltaOf(item.inner.delta);
    case Item_Tags.Comment:
      return void hooks.onComment?.(item.inner.comment);
    case Item_Tags.Retry:
      return void hooks.onRetry?.(Number(item.inner.ms));
    case Item_Tags.Attempt:
      return void hooks.onAttempt?.(attemptOf({ ...item.inner, attempt: item.inner.number }));
    case Item_Tags.Stall:
      return void hooks.onStall?.(Number(item.inner.silentMs));
    case Item_Tags.Gap:
      return void hooks.onGap?.(item.inner.after);
    case Item_Tags.Replayed:
      return void hooks.onReplayed?.(item.inner.id);
    case Item_Tags.Problem:
      return void missing(item.inner, hooks);
  }
}

type Problem = Extract<NativeItem, { tag: Item_Tags.Problem }>["inner"];

function missing({ code, message, offset, limit }: Problem, { onError, skipOversized }: Hooks): void {
  const error = new TidewireError(code as TidewireError["code"], message, {
    ...(offset !== undefined && { offset: Number(offset) }),
    ...(limit !== undefined && { limit: Number(limit) }),
  });
  if (onError) onError(error);
  else if (!(skipOversized && code === "too_large")) throw error;
}
