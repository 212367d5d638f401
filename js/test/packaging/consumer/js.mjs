import { stream } from "tidewire/js";
import { reply } from "./use.mjs";

export default (base, key) => reply(stream, base, key);
