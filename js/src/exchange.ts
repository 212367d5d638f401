import * as action from "./machine.js";
import type { TransportName } from "./host.js";
import type { Attempt } from "./options.js";
import { isBytes, noBytes } from "./parser.js";

/** Where a stream's responses come from. */
export interface Transport {
  readonly name: TransportName;
  /** Makes the request of an attempt; what it returns sends it. */
  prepare(attempt: Attempt, continues: boolean, signal: AbortSignal): Promise<() => Promise<Head>>;
  /** Renews what the requests carry. */
  refresh?: ((attempt: Attempt) => unknown) | undefined;
  /** Waits for a slot. */
  admit?: Admit | undefined;
  /** Calls back when the network or the page returns, with how many milliseconds it was away, until the signal aborts. */
  onReturn?: ((back: (away: number) => void, over: AbortSignal) => void) | undefined;
}

/** Waits for a slot, which is kept until the signal says that the stream is over; false if there was none in time. */
export type Admit = (over: AbortSignal) => Promise<boolean>;

/** The head of a response, and a way to its body. */
export interface Head {
  status: number;
  headers: Headers;
  /** A relay keeps the response. */
  isRelayed: boolean;
  /** A redirect dropped the cursor. */
  lostCursor: boolean;
  read(): Promise<Chunk>;
  cancel(): void;
}

/** What a read brings. */
export interface Chunk {
  done?: boolean | undefined;
  value?: Uint8Array | undefined;
}

/** What the transport said of a failure, and where it failed. */
export interface Failure {
  where: number;
  error: unknown;
}

/** What an exchange reports to. None of these throws. */
export interface Sink {
  sent(): void;
  answered(head: Head): void;
  came(chunk: Uint8Array): void;
  ended(): void;
  broke(failure: Failure): void;
}

/** One request and its response. After `drop`, it reports nothing. */
export class Exchange {
  #abort = new AbortController();
  #sink: Sink | undefined;
  /** Until its body is over. */
  #head: Head | undefined;
  #isReading = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Makes the request of an attempt, once. */
  send(transport: Transport, attempt: Attempt, continues: boolean, wantsRefresh: boolean): void {
    let where = wantsRefresh ? action.IN_REFRESH : action.BEFORE_SENDING;
    const renewed = wantsRefresh ? (async () => transport.refresh?.(attempt))() : Promise.resolve();
    renewed
      .then(() => {
        where = action.BEFORE_SENDING;
        // A stream that is over is asked nothing more: its machine is gone.
        return this.#sink && transport.prepare(attempt, continues, this.#abort.signal);
      })
      .then((send) => {
        where = action.BEFORE_HEAD;
        this.#sink?.sent();
        return this.#sink && send?.();
      })
      .then(
        (head) => {
          if (this.#sink === undefined) return head?.cancel();
          this.#head = head;
          this.#sink.answered(head as Head);
        },
        (error: unknown) => this.#sink?.broke({ where, error }),
      );
  }

  /** Reads once, unless a read is under way or there is nothing to read. */
  read(): void {
    if (this.#head === undefined || this.#isReading) return;
    this.#isReading = true;
    this.#head.read().then(this.#came, this.#failed);
  }

  drop(): void {
    this.#sink = undefined;
    this.#abort.abort();
    this.#head?.cancel();
  }

  // Made once for each response: reads are many.
  #came = (chunk: Chunk | undefined): void => {
    this.#isReading = false;
    const value = chunk?.value;
    if (isBytes(value)) {
      this.#sink?.came(value);
    } else if (chunk?.done) {
      this.#head = undefined;
      this.#sink?.ended();
    } else {
      this.#failed(noBytes());
    }
  };

  #failed = (error: unknown): void => {
    this.#head = undefined;
    this.#sink?.broke({ where: action.IN_BODY, error });
  };
}
