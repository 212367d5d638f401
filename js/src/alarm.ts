/** The longest time that a platform's timer takes; a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;
/** A timer that fires later than this overslept: the page was frozen, or its thread was busy. */
const LATE_MS = 200;

/** One timer. */
export interface Alarm {
  isSet(): boolean;
  /** Rings when `performance.now()` reaches `due`, or earlier if `due` is beyond the longest timer. An earlier time that was set stays. */
  set(due: number): void;
  /** Rings at once if it is late. */
  wake(): void;
  clear(): void;
}

/** `ring` is given the time since which the page may have slept, when the timer fires late. */
export function alarm(ring: (asleep: number | undefined) => void): Alarm {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let setAt = 0;
  let due = Infinity;
  const isLate = (): boolean => performance.now() - Math.max(due, setAt) > LATE_MS;
  const clear = (): void => clearTimeout(timer);
  const rung = (): void => {
    const asleep = isLate() ? setAt : undefined;
    due = Infinity;
    ring(asleep);
  };
  return {
    clear,
    isSet: () => due < Infinity,
    set(at) {
      if (at >= due) return;
      clear();
      due = at;
      setAt = performance.now();
      timer = setTimeout(rung, Math.min(Math.max(0, Math.ceil(due - setAt)), LONGEST_TIMER));
    },
    wake() {
      if (!isLate()) return;
      clear();
      rung();
    },
  };
}
