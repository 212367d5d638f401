/** What a stream's requests are sent with. */
export type TransportName = "fetch" | "xhr";

/** A `fetch`, and which transport it is if that is not what it is called. */
export type Fetch = typeof fetch & { readonly transport?: TransportName };

let ours: Fetch | undefined;

/** Provides what is used instead of the platform's `fetch`. */
export function provideFetch(from: Fetch): void {
  ours = from;
}

/** What requests are sent with, unless the caller chose it. */
export function defaultFetch(): Fetch | undefined {
  return ours ?? globalThis.fetch;
}
