// A window in the place of none, whose page a test hides, freezes and brings back, and whose clock on the wall it moves.
import { setMaxListeners } from "node:events";

/** For as long as `run` takes; `listeners` says how many there are. */
export async function inWindow(run) {
  const host = new EventTarget();
  const document = Object.assign(new EventTarget(), { hidden: false });
  const listeners = { count: 0 };
  setMaxListeners(0, host, document);
  const counted = (target) => (type, listener, { signal }) => {
    setMaxListeners(0, signal);
    target.addEventListener(type, listener, { signal });
    listeners.count++;
    signal.addEventListener("abort", () => listeners.count--);
  };
  const { now } = Date;
  let passed = 0;
  Date.now = () => now() + passed;
  globalThis.addEventListener = counted(host);
  globalThis.document = { get hidden() { return document.hidden; }, baseURI: "http://page.invalid/", addEventListener: counted(document) };
  const says = (target, type) => target.dispatchEvent(new Event(type));
  const page = {
    listeners,
    /** So many milliseconds pass by the clock on the wall alone, as for a machine that sleeps. */
    pass: (ms) => (passed += ms),
    online: () => says(host, "online"),
    show(hidden) {
      document.hidden = hidden;
      says(document, "visibilitychange");
    },
    /** As the browser puts a page into its back/forward cache, and takes it out again. */
    store() {
      says(host, "pagehide");
      page.show(true);
      says(document, "freeze");
    },
    restore() {
      says(document, "resume");
      page.show(false);
      says(host, "pageshow");
    },
    /** As an engine does that does not say what is visible. */
    restoreSilently() {
      document.hidden = false;
      says(host, "pageshow");
    },
    freeze() {
      page.show(true);
      says(document, "freeze");
    },
    thaw() {
      says(document, "resume");
      page.show(false);
    },
  };
  try {
    await run(page);
  } finally {
    Date.now = now;
    delete globalThis.addEventListener;
    delete globalThis.document;
  }
}
