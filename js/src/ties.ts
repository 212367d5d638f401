import type { Alarm } from "./alarm.js";
import type { Exchange, Sink } from "./exchange.js";

/**
 * What a stream has going on elsewhere, to be released when it is over or forgotten. Timers, listeners and requests reach the stream through
 * this alone, and keep it alive only while a `next()` is pending.
 */
export interface Ties<S> extends Sink {
  /** The stream, while a `next()` is pending. */
  strong: S | undefined;
  /** Aborted when the stream is over. */
  readonly over: AbortController;
  readonly alarm: Alarm;
  exchange: Exchange | undefined;
  loaded(rest: ((stream: S) => void) | undefined, error: unknown): void;
  onAbort(): void;
  onReturn(away: number): void;
}

/** Made apart from the stream, which must not be reachable from here. */
export function release(ties: Ties<unknown>): () => void {
  return () => {
    ties.exchange?.drop();
    ties.alarm.clear();
    // Nobody asks for the reason, and one of the platform's own takes longer to make than all else here.
    ties.over.abort(null);
  };
}
