import type { Fetch, TransportName } from "./host.js";
import { isResponse } from "./response.js";
import { fetchOverXhr } from "./xhr-fetch.js";

/** Set once a response of the platform's `fetch` came without a body, although its class has one. */
let gaveNoBody = false;

/** The platform's `fetch` where its responses can be read while they arrive, and otherwise XMLHttpRequest. */
export function fetchThatStreams(limit?: number): Fetch {
  const xhr = fetchOverXhr(limit);
  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    if (!streams()) return xhr(input, init);
    const response = await fetch(input, init);
    if (!isResponse(response) || response.body !== undefined) return response;
    gaveNoBody = typeof XMLHttpRequest !== "undefined";
    // What is asked for twice may be done twice: only a GET is. With this status there was no redirect that was not to be followed.
    const isAskedAgain = gaveNoBody && response.status === 200 && (init.method ?? "GET") === "GET";
    return isAskedAgain ? xhr(input, { ...init, redirect: "follow" }) : response;
  };
  return Object.defineProperty(send, "transport", { get: (): TransportName => (streams() ? "fetch" : "xhr") });
}

/** React Native's responses have no such property. */
function streams(): boolean {
  return !gaveNoBody && typeof fetch === "function" && (typeof Response === "undefined" || "body" in new Response(""));
}
