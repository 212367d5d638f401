import { provide } from "./core.js";
import type { Source } from "./core.js";

/** Makes of a function the same one with its core at hand. Whichever entry was called last provides it, until it is made. */
export function over(source: Source) {
  return <F extends (...given: never[]) => unknown>(call: F): F =>
    ((...given: Parameters<F>) => {
      provide(source);
      return call(...given);
    }) as F;
}
