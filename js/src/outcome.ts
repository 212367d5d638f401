import { TidewireError } from "./error.js";
import type { ErrorCode } from "./error.js";
import type { TransportName } from "./host.js";

/** How a stream ended: exactly one of these. Only `complete` and `ended` are success. */
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

/** How a stream ended, and what it delivered. Plain data: it can be copied, posted and written as JSON. */
export interface Outcome {
  outcome: OutcomeCode;
  /** Events, records or pieces of text. */
  events: number;
  /** Bytes of the decoded bodies. */
  bytes: number;
  /** Requests. */
  attempts: number;
  /** The HTTP status of a refused response, with its headers and up to 64 KiB of its body. */
  status?: number;
  /** By their names in lower case. */
  headers?: { [name: string]: string };
  body?: string;
  /** How long the server asked to wait, when that was too long. */
  retryAfterMs?: number;
  /** Which time limit passed. */
  timeout?: "first_event" | "idle" | "progress" | "total" | "queue";
  /** The cursor after which a later stream would continue. */
  cursor?: string;
  /** Where an unreadable body could not be decoded further, in bytes from 0. */
  offset?: number;
  /** The limit in bytes that a record exceeded. */
  limit?: number;
  /** What the peer, the platform, or a hook that threw said about the failure. */
  error?: string;
}

/** What a stream has delivered and used so far; times in milliseconds since it began, -1 for what has not happened. */
export interface Stats {
  events: number;
  bytes: number;
  attempts: number;
  firstByteMs: number;
  firstEventMs: number;
  longestSilenceMs: number;
  elapsedMs: number;
  /** `xhr` where `fetch` gives no body: what arrives there is not held back while nobody takes it. */
  transport: TransportName;
}

/** A transport's limit on one body. That is a break; only if nothing resumes the stream, it is unreadable. */
export function isLimit(failure: unknown): failure is TidewireError {
  return failure instanceof TidewireError && failure.code === "unreadable";
}

const WORDS: { [code in OutcomeCode]?: string } = {
  truncated: "the stream was cut off before its end",
  failed: "the server reported an error inside the stream",
  refused: "refused with status ",
  timed_out: "a time limit passed",
  unreachable: "the server could not be reached",
  unreadable: "the body cannot be decoded further",
};

/** The error of a stream that neither ended well nor was stopped by its caller. */
export function errorOf(ended: Outcome, cause: unknown): TidewireError | undefined {
  const { outcome, error, status, offset, limit, cursor, timeout } = ended;
  const words = WORDS[outcome];
  if (words === undefined) return undefined;
  const detail = timeout ?? error;
  const message = `${words}${status ?? ""}${detail ? `: ${detail}` : ""}`;
  return new TidewireError(outcome as ErrorCode, message, { cause, status, offset, limit, cursor, timeout });
}
