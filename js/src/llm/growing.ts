type Place = { [key: string | number]: unknown };

/** A JSON value that grows in place, as the core reads more of its text. */
export class Growing {
  /** The value so far; `undefined` before it begins. */
  root: unknown;
  /** The text is not what was built of it. */
  isLost = false;
  /** The containers that are open, outermost first. */
  readonly #open: Place[] = [];
  /** Of each of them, where its last value is. */
  readonly #keys: (string | number)[] = [];

  /** Whether this is the value of the whole text. A string or a number that stands alone may still go on. */
  get isWhole(): boolean {
    return !this.isLost && this.#open.length === 0 && typeof this.root === "object";
  }

  /** A value begins, or is there. */
  add(value: unknown): void {
    const top = this.#open.length - 1;
    const place = this.#open[top];
    if (place === undefined) {
      this.root = value;
      return;
    }
    if (Array.isArray(place)) {
      this.#keys[top] = place.push(value) - 1;
      return;
    }
    const key = this.#keys[top];
    // As JSON.parse has it: a field like any other.
    if (key === "__proto__") Object.defineProperty(place, key, { value, configurable: true, enumerable: true, writable: true });
    else place[key] = value;
  }

  open(container: Place | unknown[]): void {
    this.add(container);
    this.#open.push(container as Place);
    this.#keys.push("");
  }

  close(): void {
    this.#open.pop();
    this.#keys.pop();
  }

  key(key: string): void {
    this.#keys[this.#keys.length - 1] = key;
  }

  /** The last string goes on. */
  more(piece: string): void {
    const top = this.#open.length - 1;
    if (top < 0) this.root += piece;
    else (this.#open[top][this.#keys[top]] as string) += piece;
  }
}
