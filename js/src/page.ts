/** Calls back where the network is there again, or a hidden page is shown again, until the signal ends it. */
export function onReturn(back: () => void, signal: AbortSignal): void {
  // A worker has no document, and other hosts have neither.
  const host = globalThis as { addEventListener?: Window["addEventListener"]; document?: Document };
  host.addEventListener?.("online", back, { signal });
  host.document?.addEventListener("visibilitychange", () => host.document?.hidden || back(), { signal });
}
