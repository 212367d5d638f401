// Which core a test runs on, and the entry of the package that has it: `TIDEWIRE_CORE=js` is the one that wasm2js made.
import { provide } from "../../dist/core.js";
import { translated } from "../../dist/generated/translated.js";
import * as compiled from "../../dist/index.js";
import { inline } from "../../dist/inline.js";
import * as inJs from "../../dist/js.js";
import { inUse } from "../../dist/wasm.js";

export const isTranslated = process.env.TIDEWIRE_CORE === "js";
export const tidewire = isTranslated ? inJs : compiled;

provide(isTranslated ? (grown) => translated(inUse, grown) : inline);
