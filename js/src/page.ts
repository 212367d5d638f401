/** What only pages have, or pages and workers. Not in host.ts, whose declarations programs without the DOM's types read too. */
export const page = globalThis as { document?: Document; location?: Location; addEventListener?: Window["addEventListener"] };

/** Calls back when the network or the page is there again, with how many milliseconds the page was away, until the signal aborts. */
export function onReturn(back: (away: number) => void, over: AbortSignal): void {
  const { document } = page;
  // By the clock on the wall: the other one may stand still while the machine sleeps. 0 while the page is shown.
  let left = 0;
  const look = (event?: Event): void => {
    const isHidden = document?.hidden;
    if (event?.type === "online" || (left && !isHidden)) {
      back(left && Math.max(0, Date.now() - left));
      left = 0;
    }
    // If the page is still hidden when its network is back, its absence is counted from then on.
    if (isHidden) left ||= Date.now();
  };
  look();
  const options = { signal: over };
  // From the back/forward cache; not every engine says that such a page is visible again.
  for (const type of ["online", "pageshow"]) page.addEventListener?.(type, look, options);
  document?.addEventListener("visibilitychange", look, options);
}
