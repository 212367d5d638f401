import { stream } from "tidewire";
import { records } from "./use.mjs";

export default (base) => records(stream, base);
