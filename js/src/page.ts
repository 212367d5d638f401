/** Calls back when the network is there again or a hidden page is shown again, until the signal aborts. */
export function onReturn(back: () => void, over: AbortSignal): void {
  // A worker has no document, and other hosts have neither.
  const host = globalThis as { addEventListener?: Window["addEventListener"]; document?: Document };
  host.addEventListener?.("online", back, { signal: over });
  host.document?.addEventListener("visibilitychange", () => host.document?.hidden || back(), { signal: over });
}
