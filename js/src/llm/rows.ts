import type { Rows } from "../core.js";
import { DEFAULT_MAX_EVENT_BYTES, Reader, Told } from "../items.js";
import type { Delta, Dialect, TextDelta } from "./delta.js";
import { deltaOf } from "./delta.js";
import { Growing } from "./growing.js";
import { Draft } from "./message.js";
import type { ToolCall } from "./message.js";

/** Kinds of rows; `crates/wasm/src/reply.rs` has the same list. */
const TEXT = 16;
const ARGUMENTS = 19;
const LINE = 20;
const OBJECT = 21;
const ARRAY = 22;
const CLOSE = 23;
const KEY = 24;
const STRING = 25;
const MORE = 26;
const SCALAR = 27;

/** Those of texts, from `TEXT` on. */
const TEXTS: readonly TextDelta["kind"][] = ["text", "reasoning", "refusal"];

/** Turns rows into deltas, and puts them together. */
export class DeltaReader {
  readonly draft: Draft;
  /** For what is no delta. */
  readonly #reader: Reader;
  #call: ToolCall | undefined;
  #growing = new Growing();

  constructor({ dialect, maxEventBytes }: { dialect?: Dialect | undefined; maxEventBytes?: number | undefined }) {
    this.draft = new Draft((dialect?.replace(/:.*/, "") ?? "auto") as Dialect);
    this.#reader = new Reader(maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES);
  }

  /** What a table says, in its order. */
  read({ words, from, to, text }: Rows): (Delta | Told)[] {
    const { draft } = this;
    const read = new Array<Delta | Told>((to - from) >> 2);
    let place = 0;
    for (let row = from, at = 0; row < to; row += 4) {
      const kind = words[row];
      const end = words[row + 3];
      if (kind === TEXT) {
        const piece = text.slice(at, end);
        const choice = words[row + 1];
        draft.choice(choice).text += piece;
        read[place++] = { kind: "text", choice, text: piece };
      } else if (kind < TEXT) {
        read[place++] = this.#reader.row(words, row, at, text) as Told;
      } else {
        const delta = this.#rare(kind, words[row + 1], words[row + 2], text.slice(at, end));
        if (delta !== undefined) read[place++] = delta;
      }
      at = end;
    }
    read.length = place;
    return read;
  }

  #rare(kind: number, choice: number, index: number, text: string): Delta | undefined {
    const { draft } = this;
    if (kind < ARGUMENTS) {
      const name = TEXTS[kind - TEXT];
      draft.choice(choice)[name] += text;
      return { kind: name, choice, text };
    }
    if (kind === ARGUMENTS) {
      this.#call = draft.fragment(choice, index, text);
      this.#growing = draft.growing(this.#call);
      return { kind: "arguments", choice, index, fragment: text };
    }
    if (kind === LINE) {
      const delta = deltaOf(text);
      draft.push(delta);
      return delta;
    }
    const growing = this.#growing;
    if (kind === OBJECT) growing.open({});
    else if (kind === ARRAY) growing.open([]);
    else if (kind === CLOSE) growing.close();
    else if (kind === KEY) growing.key(text);
    else if (kind === STRING) growing.add("");
    else if (kind === MORE) growing.more(text);
    else if (kind === SCALAR) growing.add(JSON.parse(text));
    else draft.message.dialect = text as Dialect;
    if (this.#call !== undefined) this.#call.arguments = growing.root;
    return undefined;
  }
}
