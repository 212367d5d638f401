import { TidewireError } from "./error.js";
import { BAD_RECORD, GAP, RECORD, REPLAYED } from "./generated/abi.js";
import { Notice, Reader } from "./items.js";
import type { Item } from "./items.js";

/** Turns rows of every kind into items and notices. */
export class RecordReader extends Reader {
  protected override other(kind: number, number: number, text: string): Item | Notice {
    if (kind === RECORD) return { type: "record", index: number, value: JSON.parse(text) };
    if (kind === BAD_RECORD) {
      const message = `not JSON at byte ${number}: ${text}`;
      return new Notice("onError", new TidewireError("bad_record", message, { offset: number }));
    }
    if (kind === REPLAYED) return new Notice("onReplayed", text);
    if (kind === GAP) return new Notice("onGap", text);
    return super.other(kind, number, text);
  }
}
