// What every entry of replies exports besides what needs the core.
export type {
  ArgumentsDelta,
  Citation,
  CitationDelta,
  Delta,
  Dialect,
  ErrorDelta,
  FinishDelta,
  FinishReason,
  Other,
  OtherDelta,
  StartDelta,
  TextDelta,
  ToolCallDelta,
  Usage,
  UsageDelta,
} from "./delta.js";
export type { Alternative, Message, ToolCall } from "./message.js";
export type { ReplyParser, ReplyParserOptions } from "./parser.js";
export type { Reply, ReplyOptions } from "./reply.js";
export { TidewireError } from "../error.js";
export type { ErrorCode, ErrorFields } from "../error.js";
export type { Outcome, OutcomeCode, Stats } from "../outcome.js";
