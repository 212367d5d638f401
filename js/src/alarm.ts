/** The longest time that a platform's timer takes; a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;
/** A timer that fires later than this overslept: the page was frozen, or its thread was busy. */
const LATE_MS = 200;

/** One timer. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #set = 0;
  #due = Infinity;

  /** `ring` is given the time since which the page may have slept, when the timer fires late. */
  constructor(readonly ring: (asleep: number | undefined) => void) {}

  get isSet(): boolean {
    return this.#due < Infinity;
  }

  /** Rings when `performance.now()` reaches `due`, or earlier if `due` is beyond the longest timer. An earlier time that was set stays. */
  set(due: number): void {
    if (due >= this.#due) return;
    this.clear();
    this.#due = due;
    this.#set = performance.now();
    this.#timer = setTimeout(this.#rung, Math.min(Math.max(0, Math.ceil(due - this.#set)), LONGEST_TIMER));
  }

  /** Rings at once if it is late. */
  wake(): void {
    if (!this.#isLate) return;
    this.clear();
    this.#rung();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  get #isLate(): boolean {
    return performance.now() - Math.max(this.#due, this.#set) > LATE_MS;
  }

  #rung = (): void => {
    const asleep = this.#isLate ? this.#set : undefined;
    this.#due = Infinity;
    this.ring(asleep);
  };
}
