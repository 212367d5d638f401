/** The longest time that a platform's timer takes. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** A timer that is later than this overslept: the page was frozen, or its thread was busy. */
const LATE_MS = 200;

/** One timer. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;

  /** `ring` is told since when it may have slept, where it comes late. */
  constructor(readonly ring: (asleep: number | undefined) => void) {}

  get isSet(): boolean {
    return this.#due < Infinity;
  }

  /** Rings when `performance.now()` says so. It is set anew only where it would ring too late. */
  set(due: number): void {
    if (due >= this.#due) return;
    const now = performance.now();
    this.clear();
    this.#due = due;
    const rung = (): void => {
      this.#due = Infinity;
      this.ring(performance.now() - Math.max(due, now) > LATE_MS ? now : undefined);
    };
    this.#timer = setTimeout(rung, Math.min(Math.max(0, Math.ceil(due - now)), LONGEST_TIMER));
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
