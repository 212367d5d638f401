// "tidewire" with every format in one core, for `createParser` of a JSON format and for hosts that fetch nothing after the page; everything else is
// as in "tidewire".
import { createParser as parserWith } from "./any-parser.js";
import { createClient as clientWith } from "./client.js";
import { parse as parseWith, stream as streamWith } from "./fetching.js";
import { formats } from "./formats.js";
import { over } from "./over.js";

const compiled = /* @__PURE__ */ over(formats);

/**
 * Requests a stream: `for await (const event of stream(url, { method: "POST", json })) …`.
 *
 * Name the type of its items if they are not SSE events: `stream<JsonRecord<Token>>(url)`. Throws a `TidewireError` with the code `usage` for
 * a request or an option that is not possible; everything else is thrown by the loop.
 */
export const stream = /* @__PURE__ */ compiled(streamWith);

/** Reads a response that is already there, to its end. Its status and content type count; the format of bytes alone follows from the first of them. */
export const parse = /* @__PURE__ */ compiled(parseWith);

/** A decoder that follows its format's standard: no end markers, no outcome, no requests. */
export const createParser = /* @__PURE__ */ compiled(parserWith);

/** Options that several streams share, and a limit on how many of them are open at a time. */
export const createClient = /* @__PURE__ */ compiled(clientWith);

export * from "./shared.js";
