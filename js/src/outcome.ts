import { TidewireError } from "./error.js";
import type { ErrorCode } from "./error.js";

/** How a stream ended; exactly one of these, and only `complete` and `ended` are success. */
export type OutcomeCode =
  | "complete"
  | "ended"
  | "truncated"
  | "failed"
  | "refused"
  | "timed_out"
  | "unreachable"
  | "unreadable"
  | "cancelled";

/** How a stream ended, and what it brought. */
export interface Outcome {
  outcome: OutcomeCode;
  /** Events, records or pieces of text. */
  events: number;
  /** Bytes of the decoded bodies. */
  bytes: number;
  /** Requests. */
  attempts: number;
  /** The HTTP status of a refused reply; with its headers and up to 64 KiB of its body. */
  status?: number;
  headers?: Headers;
  body?: string;
  /** How long the server asked to wait, where that was too long. */
  retryAfterMs?: number;
  /** Which limit of time passed. */
  timeout?: "first_event" | "idle" | "progress" | "total" | "queue";
  /** Where a stream that goes on behind this one would begin. */
  cursor?: string;
  /** Where an unreadable body could not be read on, in bytes from 0. */
  offset?: number;
  /** The limit in bytes that a record outgrew. */
  limit?: number;
  /** What the platform or the peer said about the failure. */
  error?: string;
}

/** What a stream brought and took so far; times in milliseconds since it began, -1 for what has not happened. */
export interface Stats {
  events: number;
  bytes: number;
  attempts: number;
  firstByteMs: number;
  firstEventMs: number;
  longestSilenceMs: number;
  elapsedMs: number;
}

const WORDS: { [code in OutcomeCode]?: string } = {
  truncated: "the stream was cut off before its end",
  failed: "the server reported an error inside the stream",
  refused: "refused with status ",
  timed_out: "a limit of time passed",
  unreachable: "the server could not be reached",
  unreadable: "the body cannot be decoded further",
};

/** The error of a stream that did not come to its good end, nor to the one that its caller wanted. */
export function errorOf(ended: Outcome, cause: unknown): TidewireError | undefined {
  const { outcome, error, status, offset, limit, cursor, timeout } = ended;
  const words = WORDS[outcome];
  if (words === undefined) return undefined;
  const detail = timeout ?? error;
  const message = `${words}${status ?? ""}${detail ? `: ${detail}` : ""}`;
  return new TidewireError(outcome as ErrorCode, message, { cause, status, offset, limit, cursor, timeout });
}
