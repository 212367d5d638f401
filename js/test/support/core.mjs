// Which core a test runs on, and the entry of the package that has it: the one that knows all formats; with `TIDEWIRE_CORE=js` the one that wasm2js
// made; with `TIDEWIRE_CORE=events` the one that knows events and text alone, which `createParser` of "tidewire" has.
import { provide } from "../../dist/core.js";
import { events } from "../../dist/events.js";
import * as full from "../../dist/full.js";
import { translated } from "../../dist/generated/translated.js";
import * as index from "../../dist/index.js";
import { formats } from "../../dist/formats.js";
import * as inJs from "../../dist/js.js";

const name = process.env.TIDEWIRE_CORE;
export const isTranslated = name === "js";
export const isOfEvents = name === "events";
export const tidewire = isTranslated ? inJs : isOfEvents ? index : full;

provide(isTranslated ? (grown) => translated(grown) : isOfEvents ? events : formats);
