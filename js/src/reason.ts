/** Where APIs put the reason in a JSON body, the most specific first. */
const PATHS = ["error.message", "message", "detail", "detail.0.msg", "error_description", "error", "errors.0.message", "errors.0", "title"];
/** The most characters of a reason; a longer one is cut. */
const MOST = 200;

/** The reason that the body of a refused response gives, as one line; see `refusal_reason` of the core. */
export function reasonOf(body: string): string | undefined {
  const text = body.replace(/^\uFEFF/, "").trim();
  if (/^</.test(text)) return undefined;
  if (!/^[[{"]/.test(text)) return oneLine(text.split(/[\r\n]/)[0]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(json)) json = json[0];
  for (const path of ["", ...PATHS]) {
    let value: any = json;
    for (const key of path === "" ? [] : path.split(".")) value = value?.[key];
    const line = typeof value === "string" ? oneLine(value) : undefined;
    if (line !== undefined) return line;
  }
  return undefined;
}

/** The text with each run of white space and control characters replaced by one space, and without what shows nothing. */
function oneLine(text: string): string | undefined {
  const characters = Array.from(text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, ""));
  const line = characters.slice(0, MOST).join("").replace(/[ \p{Cc}\u2028\u2029]+/gu, " ").trim();
  return characters.length > MOST ? `${line}…` : line || undefined;
}
