// Translates the compiled core, which must do without vectors, to JavaScript: a function that makes an instance of it.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";
import { transformSync } from "esbuild";

const [, , from, to] = process.argv;
const core = binaryen.readBinary(readFileSync(from));
core.runPasses(["remove-unused-module-elements", "llvm-nontrapping-fptoint-lowering", "llvm-memory-copy-fill-lowering", "signext-lowering"]);
core.setFeatures(binaryen.Features.MutableGlobals);
if (!core.validate()) throw new Error(`${from} has what cannot be translated`);
binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(1);
core.optimize();

/** Replaces what must be there exactly so many times. */
function replaced(text, what, by, times) {
  const parts = text.split(what);
  if (parts.length !== times + 1) throw new Error(`${what}: ${parts.length - 1} times in what wasm2js made`);
  return parts.join(by);
}

let text = core.emitAsmjs();
// It is made as a module that instantiates itself; here it is a function, so that nothing happens before the first use.
text = text.replace(/^import \* as .*$/gm, "").replace(/^export var .*$/gm, "");
const [instance] = /^var retasmFunc = asmFunc\(\{[^]*?^\}\);$/m.exec(text) ?? [];
if (instance === undefined) throw new Error("wasm2js ends in another way than it did");
text = replaced(text, instance, "", 1);
// Its memory grows into another one, and what JavaScript sees of the old one would keep its length.
text = replaced(text, "buffer = newBuffer;\n   bufferView = HEAPU8;", "buffer = newBuffer;\n   bufferView = HEAPU8;\n   grown();", 1);
const whole = `export function translated(grown) {
${text}
return asmFunc({});
}
`;
const { code } = transformSync(whole, { minify: true, target: "es2022", format: "esm" });
writeFileSync(to, `// Made by \`cargo xtask npm\`: the core, translated by wasm2js. js/scripts/translate.mjs says how.\n// @ts-nocheck\n${code}`);
