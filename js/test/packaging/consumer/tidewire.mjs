import { stream } from "tidewire";
import { reply } from "./use.mjs";

export default (base, key) => reply(stream, base, key);
