import { PIECE, core } from "./core.js";
import { TidewireError } from "./error.js";
import { AT_FORMAT, AT_LAST_ID, AT_LAST_ID_LENGTH, END, EVENT, FORMAT_SSE, ID, NAME, RETRY, ROW, START } from "./generated/abi.js";
import { DEFAULT_MAX_EVENT_BYTES } from "./items.js";
import type { SseEvent } from "./items.js";
import { isBytes, noBytes } from "./parser.js";

/** What a chunk brings. */
export interface Read {
  events: SseEvent[];
  /** The last event id in effect. */
  lastEventId: string;
  /** The reconnection time that was asked for, if any was. */
  retry: number | undefined;
  /** Why the body cannot be read further; the events came before that. */
  error: TidewireError | undefined;
}

/** Reads the events of one body in chunks, which may be cut anywhere. It calls nobody, so it needs no parser's care for what handlers do. */
export function sseReader(lastEventId: string): { read(chunk: unknown): Read; free(): void } {
  const memory = core();
  const wasm = memory.exports;
  const machine = memory.make();
  memory.words[(machine >>> 2) + AT_FORMAT] = FORMAT_SSE;
  wasm.machine_last_id(machine, memory.put(machine, lastEventId));
  let type = "message";
  let id = lastEventId;
  return {
    read(chunk) {
      if (!isBytes(chunk)) throw noBytes();
      const events: SseEvent[] = [];
      let retry: number | undefined;
      let error: TidewireError | undefined;
      for (let at = 0; at < chunk.length && !error; at += PIECE) {
        const isFine = wasm.machine_decode(machine, memory.put(machine, chunk.subarray(at, at + PIECE)), 0);
        const { words, from, to, text } = memory.rows(machine);
        let number = 0;
        for (let row = from; row < to; row += ROW) {
          const kind = words[row];
          const value = text.slice(words[row + START], words[row + END]);
          number = (words[row + 1] >>> 0) + (words[row + 2] >>> 0) * 2 ** 32;
          if (kind === EVENT) events.push({ type, data: value, id });
          else if (kind === NAME) type = value || "message";
          else if (kind === ID) id = value;
          else if (kind === RETRY) retry = number;
        }
        // The last row says where.
        if (!isFine) error = new TidewireError("too_large", "an event exceeds the limit of 16 MiB", { offset: number, limit: DEFAULT_MAX_EVENT_BYTES });
      }
      return { events, retry, error, lastEventId: memory.textAt(memory.word(machine, AT_LAST_ID), memory.word(machine, AT_LAST_ID_LENGTH)) };
    },
    free: () => memory.free(machine),
  };
}
