import * as todo from "./machine.js";
import type { Attempt } from "./options.js";
import { isBytes, noBytes } from "./parser.js";

/** Where a stream's replies come from. */
export interface Transport {
  /** Makes the request of an attempt ready; what it returns sends it. */
  prepare(attempt: Attempt, continues: boolean, signal: AbortSignal): Promise<() => Promise<Head>>;
  /** Waits for the stream's place; false where there was none in time. */
  admit?: (() => Promise<boolean>) | undefined;
}

/** Gives a stream its place until the signal says that it is over, or wants none any more. */
export type Admit = (over: AbortSignal) => Promise<boolean>;

/** The head of a reply, and a way to its body. */
export interface Head {
  status: number;
  headers: Headers;
  read(): Promise<Chunk>;
  cancel(): void;
}

/** What a read brings. */
interface Chunk {
  done?: boolean | undefined;
  value?: Uint8Array | undefined;
}

/** Who hears of a request. */
export interface Hears {
  answered(head: Head): void;
  came(chunk: Uint8Array): void;
  ended(): void;
  broke(where: number, error: unknown): void;
}

/** One request and its reply. Once it is dropped, nothing is heard of it. */
export class Exchange {
  #abort = new AbortController();
  #hears: Hears | undefined;
  /** Until its body is over. */
  #head: Head | undefined;
  #isReading = false;

  constructor(hears: Hears) {
    this.#hears = hears;
  }

  /** Makes the request of an attempt, once. */
  send(transport: Transport, attempt: Attempt, continues: boolean): void {
    let where = todo.BEFORE_SENDING;
    transport
      .prepare(attempt, continues, this.#abort.signal)
      .then((send) => {
        where = todo.BEFORE_HEAD;
        return this.#hears && send();
      })
      .then((head) => {
        if (this.#hears === undefined) return head?.cancel();
        this.#head = head;
        this.#hears.answered(head as Head);
      })
      .catch((error: unknown) => this.#hears?.broke(where, error));
  }

  /** Reads once, unless that is under way or there is nothing to be read. */
  read(): void {
    if (this.#head === undefined || this.#isReading) return;
    this.#isReading = true;
    this.#head.read().then(this.#came, this.#failed);
  }

  drop(): void {
    this.#hears = undefined;
    this.#abort.abort();
    this.#head?.cancel();
  }

  // Made once for each reply: reads are many.
  #came = ({ done, value }: Chunk): void => {
    this.#isReading = false;
    if (isBytes(value)) {
      this.#hears?.came(value);
    } else if (done) {
      this.#head = undefined;
      this.#hears?.ended();
    } else {
      this.#hears?.broke(todo.IN_BODY, noBytes());
    }
  };

  #failed = (error: unknown): void => {
    this.#head = undefined;
    this.#hears?.broke(todo.IN_BODY, error);
  };
}
