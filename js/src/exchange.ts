import { HAS_BROKE_BEFORE_HEAD, HAS_BROKE_CONNECTING, HAS_BROKE_IN_BODY, HAS_REFRESH_FAILED } from "./generated/abi.js";
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
  /** Calls back when the network or the page returns, with how many milliseconds it was away, until the signal aborts. */
  onReturn?: ((back: (away: number) => void, over: AbortSignal) => void) | undefined;
}

/** The head of a response, and a way to its body. */
export interface Head {
  status: number;
  headers: Headers;
  /** Where a relay keeps the response. */
  relay?: URL | undefined;
  /** A redirect dropped the cursor. */
  lostCursor?: boolean;
  read(): Promise<Chunk>;
  cancel(): void;
}

/** What a read brings. */
export interface Chunk {
  done?: boolean | undefined;
  value?: Uint8Array | undefined;
}

/** What an exchange reports to. None of these throws. */
export interface Sink {
  happened(what: "sent" | "body_end"): void;
  answered(head: Head): void;
  came(chunk: Uint8Array): void;
  /** What the transport said of a failure, and where it failed. */
  broke(error: unknown, where: number): void;
}

/** One request and its response. */
export interface Exchange {
  /** Reads once, unless a read is under way or there is nothing to read. */
  read(): void;
  /** Ends it. From then on it reports nothing. */
  drop(): void;
}

/** Makes the request of an attempt. */
export function exchange(to: Sink, transport: Transport, attempt: Attempt, continues: boolean, wantsRefresh: boolean): Exchange {
  const abort = new AbortController();
  let sink: Sink | undefined = to;
  /** Until its body is over. */
  let head: Head | undefined;
  let isReading = false;
  let where: number = HAS_REFRESH_FAILED;
  const failed = (error: unknown): void => {
    head = undefined;
    sink?.broke(error, where);
  };
  const came = (chunk: Chunk | undefined): void => {
    isReading = false;
    const value = chunk?.value;
    if (isBytes(value)) {
      sink?.came(value);
    } else if (chunk?.done) {
      head = undefined;
      sink?.happened("body_end");
    } else {
      failed(noBytes());
    }
  };
  const send = async (): Promise<void> => {
    await (wantsRefresh && transport.refresh?.(attempt));
    where = HAS_BROKE_CONNECTING;
    // A stream that is over is asked nothing more: its machine is gone.
    const sends = sink && (await transport.prepare(attempt, continues, abort.signal));
    where = HAS_BROKE_BEFORE_HEAD;
    sink?.happened("sent");
    const answer = sink && (await sends?.());
    if (sink === undefined) return answer?.cancel();
    where = HAS_BROKE_IN_BODY;
    head = answer;
    sink.answered(answer as Head);
  };
  send().catch(failed);
  return {
    read() {
      if (head === undefined || isReading) return;
      isReading = true;
      head.read().then(came, failed);
    },
    drop() {
      sink = undefined;
      abort.abort();
      head?.cancel();
    },
  };
}
