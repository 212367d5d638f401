/** Why something did not come to its good end; the same string in every language. */
export type ErrorCode =
  | "truncated"
  | "failed"
  | "refused"
  | "timed_out"
  | "unreachable"
  | "unreadable"
  | "cancelled"
  | "usage"
  | "bad_record"
  | "too_large";

/** Fields of an error, where they are known. */
export interface ErrorFields {
  /** What the platform threw. */
  cause?: unknown;
  /** Where in the decoded body, in bytes from 0. */
  offset?: number | undefined;
  /** The limit in bytes that a record outgrew. */
  limit?: number | undefined;
  /** The HTTP status of a refused reply. */
  status?: number | undefined;
  /** Where a stream that goes on behind this one would begin. */
  cursor?: string | undefined;
  /** Which limit of time passed. */
  timeout?: string | undefined;
}

/** Every error that this package makes. */
export class TidewireError extends Error {
  override readonly name = "TidewireError";
  declare readonly offset?: number;
  declare readonly limit?: number;
  declare readonly status?: number;
  declare readonly cursor?: string;
  declare readonly timeout?: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { cause, ...fields }: ErrorFields = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, known(fields));
  }
}

/** What is known of these; -1 is how the core says that a number is not. */
export function known<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== -1)) as T;
}
