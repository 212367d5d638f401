import type { Item, SseEvent } from "./items.js";
import { parserOf } from "./parser.js";
import type { Parser, ParserOptions } from "./parser.js";
import { RecordReader } from "./records.js";

/** A decoder of any format, for the cores that know them. */
export function createParser<T extends Item = SseEvent>(options: ParserOptions<T>): Parser {
  return parserOf(options, RecordReader);
}
