// What each part of a compiled core weighs: the difference in brotli when its functions are taken out of the core's text and all else stays.
import { packed } from "./bundle.mjs";
import { rangesOf } from "./module.mjs";
import { namesOf } from "./names.mjs";

/** A function belongs to the first part that knows its path. An export stands for what is inlined in it, too. */
const PARTS = [
  ["dialects", /^tidewire_(llm|page::stream::reply)\b/],
  ["formats", /^tidewire_(core::(json|marker)|page::(json|stream::markers))\b|^tidewire_page::.*_json$/],
  ["page's stream", /^tidewire_page::stream\b/],
  ["decoder", /^tidewire_(page|core::(sse|text|decoder|frame))\b/],
  ["session", /^tidewire_core\b/],
  ["exports", /^machine_/],
  ["allocator", /^tidewire_wasm::allocator\b|^<?alloc::(raw_vec|alloc)\b|::__rust_/],
  ["standard library", /^(core|alloc|memchr|compiler_builtins)::|^<|^mem(cmp|cpy|move|set|chr)$/],
  ["unknown", /(?:)/],
];
/** Where a path of our own begins: what the standard library makes for a type of ours is counted with it. */
const OWN = /\btidewire_.*/;
/** How many functions of a part are shown. */
const SHOWN = 5;

/** The parts of this core, the heaviest first, and its size in brotli. */
export function corePartsOf(core, hex) {
  const { functions, data } = rangesOf(Buffer.from(hex, "hex"));
  const names = namesOf(core);
  if (names.length !== functions.length) throw new Error(`the names of ${core} are those of another build; run cargo xtask npm`);
  const all = functions.map((range, index) => ({ name: names[index], range }));
  const whole = packed(hex);
  const weigh = (ranges) => ({ size: whole - packed(without(hex, ranges)), bytes: ranges.reduce((sum, [start, end]) => sum + end - start, 0) });

  const parts = PARTS.map(([part]) => part).flatMap((part) => {
    const members = all.filter(({ name }) => partOf(name) === part).sort((one, other) => length(other) - length(one));
    if (members.length === 0) return [];
    const rows = members.slice(0, SHOWN).map(({ name, range }) => ({ name, ...weigh([range]) }));
    return [{ part, ...weigh(members.map(({ range }) => range)), rows }];
  });
  if (length({ range: data }) > 0) parts.push({ part: "data", ...weigh([data]), rows: [] });
  parts.sort((one, other) => other.size - one.size);
  return { size: whole, parts };
}

function partOf(name) {
  const path = OWN.exec(name)?.[0] ?? name;
  return PARTS.find(([, paths]) => paths.test(path))[0];
}

function length({ range: [start, end] }) {
  return end - start;
}

/** The text without these bytes of its module. */
function without(hex, ranges) {
  let rest = "";
  let at = 0;
  for (const [start, end] of ranges.toSorted(([one], [other]) => one - other)) {
    rest += hex.slice(2 * at, 2 * start);
    at = end;
  }
  return rest + hex.slice(2 * at);
}
