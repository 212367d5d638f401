// Random numbers, the same for the same seeds: sfc32, all of whose bits are good. Each case has a generator of its own, so that it can be
// run again without those before it.

export class Random {
  #a;
  #b;
  #c;
  #counter = 1;

  constructor(...seeds) {
    const [a = 0, b = 0, c = 0] = seeds;
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    // Neighbouring seeds are alike until then.
    for (let round = 0; round < 12; round++) this.word();
  }

  /** 32 random bits. */
  word() {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 to the limit, without it. */
  below(limit) {
    return Math.floor((this.word() * limit) / 2 ** 32);
  }

  /** True in so many of 100 cases. */
  percent(share) {
    return this.word() < (share * 2 ** 32) / 100;
  }

  one(list) {
    return list[this.below(list.length)];
  }
}

/** A list to draw from in which each value stands as often as its weight says: `[weight, value]`. */
export function weighted(rows) {
  return rows.flatMap(([weight, value]) => Array(weight).fill(value));
}
