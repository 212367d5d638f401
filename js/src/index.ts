import { createClient as clientWith } from "./client.js";
import { parse as parseWith, stream as streamWith } from "./fetching.js";
import { inline } from "./inline.js";
import { over } from "./over.js";
import { createParser as parserWith } from "./parser.js";

const compiled = /* @__PURE__ */ over(inline);

/**
 * Requests a stream and reads it: `for await (const event of stream(url, { method: "POST", json }))`.
 *
 * Name what it brings where that is not SSE: `stream<JsonRecord<Token>>(url)`. Throws a `TidewireError` with the code `usage`
 * for options that cannot be so; all else is thrown by the loop.
 */
export const stream = /* @__PURE__ */ compiled(streamWith);

/** Reads one reply that is already there, to its end. A reply's status and content type count; bytes alone go by the first of them. */
export const parse = /* @__PURE__ */ compiled(parseWith);

/** A decoder that knows its format's standard alone: no end markers, no outcome, no requests. */
export const createParser = /* @__PURE__ */ compiled(parserWith);

/** What several streams have in common, and how many of them may be open at a time. */
export const createClient = /* @__PURE__ */ compiled(clientWith);

export * from "./shared.js";
