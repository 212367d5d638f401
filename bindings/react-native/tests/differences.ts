// Where this package is not the npm package, each with its reason. What is not listed here is the same type, which surface.ts checks.

/** Exports of `tidewire` and `tidewire/llm` that are absent. */
export const ABSENT: { [name: string]: string } = {
  createParser: "the native decoder reads with markers and an outcome, and does not say whether it is inside a record; parse and deltas read bytes",
  Parser: "see createParser",
  ParserOptions: "see createParser",
  ReplyParser: "see createParser",
  ReplyParserOptions: "see createParser",
};

/** Exports that there are only here. */
export const ADDED: { [name: string]: string } = {
  forgetConnections: "a browser manages its own connections",
  ParseOptions: "ReadOptions without limits of time and lastEventId, which the native decoder does not have",
};

/** Exports whose types differ. What is written for this package is also valid for the npm package, unless it says otherwise. */
export const DIFFERENT: { [name: string]: string } = {
  StreamOptions: "without fetch and what only fetch has (credentials, cache, mode, redirect and so on): no fetch is involved",
  Input: "a string or URL; a Request would have to be read first, and a base URL is applied when the stream is opened",
  Source: "not a Response: the native decoder takes neither a status nor a content type",
  Continuation: "its body is a string or bytes, like that of StreamOptions: what is sent natively is bytes",
  ClientOptions: "its headers are values: only the native library knows which origins may get them; a function of a stream's own headers works",
  Client: "by its parameters",
  ReplyOptions: "by StreamOptions",
  Outcome: "timeout can also be connect: making a connection has a limit natively. Valid the other way around",
  Stats: "transport is native",
  Streaming: "by Outcome and Stats",
  Reply: "by Outcome and Stats",
};

// Behaviour that types do not show:
//
// - `deltas` calls neither onComment nor onRetry: the native library's replies leave them out.
// - `stream` calls onAttempt from the second request on.
// - `soFar` is a new object each time. The arguments of a tool call are in it once they are whole, and `argumentsText` is their JSON without
//   white space.
// - A body that breaks off while `parse` or `deltas` reads it has what the source threw thrown by the loop, and the outcome `cancelled`.
// - The platform's cookies, cache and proxy settings do not apply. Redirects are followed by the native library.
// - Nothing but `check` tells a stream that the app or the network has come back; in a page the npm package listens to that itself.
// - A stream that was read to its end when it is closed keeps the outcome that the server gave it, also if its last items were not taken.
