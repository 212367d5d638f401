/** Calls back when the network or the page is there again, with how many milliseconds the page was away, until the signal aborts. */
export function onReturn(back: (away: number) => void, over: AbortSignal): void {
  // A worker has no document, and other hosts have neither.
  const host = globalThis as { addEventListener?: Window["addEventListener"]; document?: Document };
  const { document } = host;
  // By the clock on the wall: the other one may stand still while the machine sleeps. 0 while the page is shown.
  let left = 0;
  const away = (): number => left && Math.max(0, Date.now() - left);
  const turned = (): void => {
    if (document?.hidden) {
      left ||= Date.now();
    } else if (left) {
      back(away());
      left = 0;
    }
  };
  turned();
  const options = { signal: over };
  host.addEventListener?.("online", () => {
    back(away());
    // If the page is still hidden, its absence is counted from now on.
    left &&= Date.now();
  }, options);
  // From the back/forward cache; not every engine says that such a page is visible again.
  host.addEventListener?.("pageshow", turned, options);
  document?.addEventListener("visibilitychange", turned, options);
}
