import { EventSource } from "tidewire/eventsource";
import { follow } from "./use.mjs";

export default (base) => follow(EventSource, base);
