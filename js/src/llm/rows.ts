import { ARGUMENTS, ARRAY, CLOSE, DELTA_TEXT as TEXT, DIALECT, END, KEY, LINE, MORE, OBJECT, ROW, SCALAR, START, STRING } from "../generated/abi.js";
import type { Rows } from "../core.js";
import { DEFAULT_MAX_EVENT_BYTES } from "../items.js";
import type { Notice, Watchers } from "../items.js";
import { TidewireError } from "../error.js";
import { RecordReader } from "../records.js";
import type { Delta, Dialect, TextDelta } from "./delta.js";
import { deltaOf } from "./delta.js";
import { Growing } from "./growing.js";
import { Draft } from "./message.js";
import type { ToolCall } from "./message.js";

/** Those of texts, from `TEXT` on. */
const TEXTS: readonly TextDelta["kind"][] = ["text", "reasoning", "refusal"];

/** What JSON.parse makes of a scalar's text, which is known to be sound. */
function scalarOf(text: string): unknown {
  const first = text.charCodeAt(0);
  // Digits and the sign stand before all letters.
  if (first < 0x61) return Number(text);
  return first === 0x6e ? null : first === 0x74;
}

/** Turns rows into deltas, and puts them together. */
export class DeltaReader {
  draft: Draft;
  /** For what is no delta. */
  readonly #reader: RecordReader;
  readonly #isHeard: boolean;
  /** The first record that is missing, where nobody is told of it but who wants the whole message. */
  hole: TidewireError | undefined;
  #call: ToolCall | undefined;
  #growing = new Growing();

  constructor({ dialect, maxEventBytes, onError }: Watchers & { dialect?: Dialect | undefined; maxEventBytes?: number | undefined }) {
    this.#isHeard = onError !== undefined;
    this.draft = new Draft((dialect?.replace(/:.*/, "") ?? "auto") as Dialect);
    this.#reader = new RecordReader(maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES);
  }

  /** The reply begins anew, and so does its message. */
  beginAnew(): void {
    this.draft = new Draft(this.draft.message.dialect);
    this.#call = this.hole = undefined;
  }

  /** What a table says, in its order. */
  read({ words, from, to, text }: Rows): (Delta | Notice)[] {
    const read: (Delta | Notice)[] = [];
    for (let row = from; row < to; row += ROW) {
      const next = this.row(words, row, text);
      if (next !== undefined) read.push(next);
    }
    return read;
  }

  /** What a row says; some only say how a call's arguments grow. */
  row(words: Int32Array, row: number, window: string): Delta | Notice | undefined {
    const kind = words[row];
    const choice = words[row + 1];
    const text = window.slice(words[row + START], words[row + END]);
    if (kind === TEXT) {
      this.draft.text(choice, text);
      return { kind: "text", choice, text };
    }
    if (kind < TEXT) return this.#noted(this.#reader.row(words, row, window) as Notice);
    if (kind < ARGUMENTS) {
      const name = TEXTS[kind - TEXT];
      this.draft.choice(choice)[name] += text;
      return { kind: name, choice, text };
    }
    if (kind === ARGUMENTS) {
      const index = words[row + 2];
      const call = this.draft.fragment(choice, index, text);
      if (call !== this.#call) this.#growing = this.draft.growing((this.#call = call));
      return { kind: "arguments", choice, index, fragment: text };
    }
    return this.#rare(kind, text);
  }

  #noted(notice: Notice): Notice {
    if (!this.#isHeard && notice.value instanceof TidewireError) this.hole ??= notice.value;
    return notice;
  }

  #rare(kind: number, text: string): Delta | undefined {
    if (kind === LINE) {
      const delta = deltaOf(text);
      this.draft.push(delta);
      return delta;
    }
    const growing = this.#growing;
    if (kind === OBJECT) growing.open({});
    else if (kind === ARRAY) growing.open([]);
    else if (kind === CLOSE) growing.close();
    else if (kind === KEY) growing.key(text);
    else if (kind === STRING) growing.add(text);
    else if (kind === MORE) growing.more(text);
    else if (kind === SCALAR) growing.add(scalarOf(text));
    else if (kind === DIALECT) this.draft.message.dialect = text as Dialect;
    else growing.isLost = true;
    if (this.#call !== undefined) this.#call.arguments = growing.root;
    return undefined;
  }
}
