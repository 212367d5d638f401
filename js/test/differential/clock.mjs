// Time and chance in place of the host's: they move only when a case says so, the same for both builds.

const real = { setImmediate };

/** An end that never comes moves no further. */
const MOST_TIMERS = 2000;

export class Clock {
  now = 0;
  #wall = 0;
  #seed = 0;
  #number = 0;
  #timers = new Map();

  /** Replaces the host's clocks, timers and random numbers, for good. */
  install() {
    performance.now = () => this.now;
    Date.now = () => this.#wall + this.now;
    Math.random = () => this.#chance();
    globalThis.setTimeout = (run, ms = 0, ...given) => this.#add(() => run(...given), ms, false);
    globalThis.clearTimeout = (number) => void this.#timers.delete(number);
  }

  reset(seed, now) {
    this.now = now;
    this.#wall = 1_700_000_000_000 - now;
    this.#seed = seed;
    this.#number = 0;
    this.#timers.clear();
  }

  /** A timer of the network's, which is not one that a build has set. */
  after(ms, run) {
    this.#add(run, ms, true);
  }

  /** When the next timer of the build is due; infinite if it has none. */
  get due() {
    let due = Infinity;
    for (const timer of this.#timers.values()) if (!timer.isNetwork && timer.due < due) due = timer.due;
    return due;
  }

  /** When the next timer of anybody is due. */
  get next() {
    let due = Infinity;
    for (const timer of this.#timers.values()) if (timer.due < due) due = timer.due;
    return due;
  }

  /** Moves on by so many milliseconds; each timer fires in its turn, and what follows from it is done before the next. */
  async advance(ms) {
    const end = this.now + ms;
    for (let fired = 0; fired < MOST_TIMERS; fired++) {
      let first;
      for (const [number, timer] of this.#timers) if (timer.due <= end && !(timer.due >= first?.due)) first = { number, ...timer };
      if (first === undefined) break;
      this.#timers.delete(first.number);
      this.now = Math.max(this.now, first.due);
      first.run();
      await settle();
    }
    this.now = Math.max(this.now, end);
  }

  /** The host sleeps: time passes and no timer fires. */
  sleep(ms) {
    this.now += ms;
  }

  /** The clock on the wall alone. */
  passOnWall(ms) {
    this.#wall += ms;
  }

  #add(run, ms, isNetwork) {
    // As the platform has it: what is no number is 0.
    this.#timers.set(++this.#number, { due: this.now + (ms > 0 ? Number(ms) : 0), run, isNetwork });
    return this.#number;
  }

  /** Depends on the time alone, so that a build may ask as often as it likes. */
  #chance() {
    let bits = Math.imul(this.#seed ^ Math.imul(Math.floor(this.now * 8), 0x9e3779b1), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
    return ((bits ^ (bits >>> 13)) >>> 0) / 2 ** 32;
  }
}

/** Waits until nothing is left to be done at this time. */
export async function settle() {
  // Twice: a body of the platform's own may take a turn of the loop.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => real.setImmediate(resolve));
}
