import { ANNOUNCES_JSON, ANNOUNCES_MISSING, ANNOUNCES_OTHER, TYPES } from "./generated/abi.js";

/** The format that a content type announces. Of several types the last valid one counts (WHATWG Fetch, "extract a MIME type"). */
export function announced(value: string | null): number {
  if (value === null) return ANNOUNCES_MISSING;
  // A comma in quotes does not separate.
  const types = value.replace(/"(\\.|[^"\\])*("|$)/g, "").toLowerCase().split(",");
  const type = types.map((type) => type.split(";")[0].trim()).filter((type) => /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/.test(type) && type !== "*/*").at(-1);
  return type === "application/json" ? ANNOUNCES_JSON : (TYPES[type ?? ""] ?? ANNOUNCES_OTHER);
}

/**
 * How long a response asks to wait, in milliseconds; -1 if it does not. `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3), and
 * `retry-after-ms` of several providers counts before it.
 */
export function retryAfter(headers: Headers): number {
  const ms = headers.get("retry-after-ms");
  if (isNumber(ms)) return Number(ms);
  const value = headers.get("retry-after") ?? "";
  if (isNumber(value)) return Number(value) * 1000;
  const date = /^[A-Z][a-z]+,? [^:]*\d\d:\d\d:\d\d/.test(value) ? Date.parse(/(GMT|UTC)$/.test(value) ? value : `${value} GMT`) : NaN;
  return date >= 0 ? Math.max(0, date - Date.now()) : -1;
}

function isNumber(value: string | null): boolean {
  return /^\d+(\.\d+)?$/.test(value ?? "");
}
