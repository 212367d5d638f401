// What was observed, as text that is compared and shown.

/** An error with all that it has. A cause that is thrown as it is stays recognizable by its words. */
export function describe(error) {
  if (!(error instanceof Error)) return `not an error: ${show(error)}`;
  const { name, message, stack, cause, ...fields } = error;
  const why = cause === undefined ? "" : ` because of ${describe(cause)}`;
  return `${name} ${JSON.stringify(message)} ${show(fields)}${why}`;
}

/** A value as JSON that has undefined, infinite numbers and bytes too. */
export function show(value) {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Error) return describe(value);
  if (value instanceof Uint8Array) return `bytes ${JSON.stringify(Buffer.from(value).toString("latin1"))}`;
  if (Array.isArray(value)) return `[${value.map(show).join(",")}]`;
  let text = "";
  for (const key of Object.keys(value)) text += `${text && ","}${key}:${show(value[key])}`;
  return `{${text}}`;
}

/** A case as JSON in ASCII, so that it can be copied. */
export function source(value) {
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Where two logs differ first; -1 if nowhere. */
export function difference(former, latter) {
  const length = Math.max(former.length, latter.length);
  for (let at = 0; at < length; at++) if (!Object.is(former[at], latter[at]) || at >= former.length || at >= latter.length) return at;
  return -1;
}

/** The lines around the first difference. */
export function explain(former, latter) {
  const at = difference(former, latter);
  const lines = [];
  for (let line = Math.max(0, at - 6); line < at; line++) lines.push(`    ${text(former[line])}`);
  for (const [name, log] of [["former", former], ["latter", latter]]) {
    for (let line = at; line < at + 3; line++) lines.push(`  ${name} ${line < log.length ? text(log[line]) : "(nothing)"}`);
  }
  return lines.join("\n");
}

function text(line) {
  const shown = typeof line === "string" ? line : show(line);
  return shown.length > 600 ? `${shown.slice(0, 600)}… (${shown.length})` : shown;
}
