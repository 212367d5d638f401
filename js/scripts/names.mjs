// The names of a core's functions as paths: `tidewire_page::sse::Sse::lines`. Both of Rust's manglings are read as far as that needs.
import { readFileSync } from "node:fs";

/** What wasm-opt makes of several equal functions is named after one of them. */
const MERGED = /^byn\$mgfn-shared\$/;
/** Of an older symbol: an identifier's length. */
const OLDER = /(\d+)/y;
/** Of a newer symbol: a crate with its hash, a number that tells two apart or refers back, an identifier's length, or a letter of the grammar. */
const NEWER = /C?s[0-9A-Za-z]*_|B[0-9A-Za-z]*_|(\d+)_?|[A-Za-z]/y;
const HASH = /^h[0-9a-f]{16}$/;
const ESCAPES = { LT: "<", GT: ">", RF: "&", BP: "*", C: ",", LP: "(", RP: ")", SP: "@" };

/** The paths of a core's functions by index, from the list that `cargo xtask npm` has wasm-opt write. */
export function namesOf(core) {
  const lines = readFileSync(new URL(`../src/generated/${core}.names`, import.meta.url), "utf8").trim().split("\n");
  return lines.map((line) => short(pathOf(line.slice(line.indexOf(":") + 1))));
}

function pathOf(name) {
  const symbol = name.replace(MERGED, "");
  if (symbol.startsWith("_ZN")) return identifiers(symbol.slice(3), OLDER).filter((part) => !HASH.test(part)).map(unescaped).join("::");
  if (symbol.startsWith("_R")) return identifiers(symbol.slice(2), NEWER).join("::");
  return symbol;
}

/** A method's path without the trait that it is of, and without the path to its type if the type lives elsewhere. */
function short(path) {
  return path.replace(/<impl (?:\w+::)*(\w+)>/, "$1").replace(/^<(\w+::.*?) as .*>(?=::\w+$)/, "$1");
}

/** The identifiers of a symbol, each of which has its length before it. */
function identifiers(symbol, token) {
  const found = [];
  token.lastIndex = 0;
  for (let match; (match = token.exec(symbol)); ) {
    if (match[1] === undefined) continue;
    const end = token.lastIndex + Number(match[1]);
    found.push(symbol.slice(token.lastIndex, end));
    token.lastIndex = end;
  }
  return found;
}

function unescaped(identifier) {
  return identifier
    .replace(/^_(?=\$)/, "")
    .replace(/\$(?:u([0-9a-f]+)|([A-Z]+))\$/g, (_, code, word) => (code ? String.fromCodePoint(parseInt(code, 16)) : ESCAPES[word]))
    .replaceAll("..", "::");
}
