import { createClient as clientWith } from "./client.js";
import { events } from "./events.js";
import { parse as parseWith, stream as streamWith } from "./fetching.js";
import { inline } from "./inline.js";
import { over } from "./over.js";
import { createParser as parserWith } from "./parser.js";

const compiled = /* @__PURE__ */ over(inline);

/**
 * Requests a stream: `for await (const event of stream(url, { method: "POST", json })) …`.
 *
 * Name the type of its items if they are not SSE events: `stream<JsonRecord<Token>>(url)`. Throws a `TidewireError` with the code `usage` for
 * a request or an option that is not possible; everything else is thrown by the loop.
 */
export const stream = /* @__PURE__ */ compiled(streamWith);

/** Reads a response that is already there, to its end. Its status and content type count; the format of bytes alone follows from the first of them. */
export const parse = /* @__PURE__ */ compiled(parseWith);

/**
 * A decoder of server-sent events or text that follows its format's standard: no end markers, no outcome, no requests. That of "tidewire/full" reads
 * the other formats too.
 */
export const createParser = /* @__PURE__ */ over(events)(parserWith);

/** Options that several streams share, and a limit on how many of them are open at a time. */
export const createClient = /* @__PURE__ */ compiled(clientWith);

export * from "./shared.js";
