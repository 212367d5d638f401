// What every entry of the package exports apart from what needs the core.
export type { Client, ClientOptions } from "./client.js";
export { TidewireError } from "./error.js";
export type { ErrorCode, ErrorFields } from "./error.js";
export type { Source } from "./response.js";
export type { Item, JsonRecord, SseEvent, TextPiece, Watchers } from "./items.js";
export type { Attempt, AttemptRequest, Continuation, Input, Marker, PerAttempt, ReadOptions, StreamOptions } from "./options.js";
export type { Outcome, OutcomeCode, Stats } from "./outcome.js";
export type { DecoderOptions, Format, Parser, ParserOptions } from "./parser.js";
export type { State } from "./driver.js";
export type { Streaming } from "./stream.js";
