// Writes the compiled core as a module of JavaScript: in hexadecimal digits, which every engine decodes natively (src/hex.ts). Packed they are 4 %
// more than the bytes themselves, and any loop over a denser text would cost more time than that.
import { readFileSync, writeFileSync } from "node:fs";

const [, , from, to] = process.argv;
const text = readFileSync(from).toString("hex");
writeFileSync(to, `// Made by \`cargo xtask npm\`: a compiled core.\nexport const CORE = "${text}";\n`);
