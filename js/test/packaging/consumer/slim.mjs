import { stream } from "tidewire/slim";
import { reply } from "./use.mjs";

export default (base, key) => reply(stream, base, key);
export { init } from "tidewire/slim";
