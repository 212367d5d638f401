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
  offset?: number;
  /** The limit in bytes that a record outgrew. */
  limit?: number;
  /** The HTTP status of a refused reply. */
  status?: number;
  /** Where a stream that goes on behind this one would begin. */
  cursor?: string;
  /** Which limit of time passed. */
  timeout?: string;
}

/** Every error that this package makes. */
export class TidewireError extends Error {
  override readonly name = "TidewireError";
  readonly code: ErrorCode;
  declare readonly offset?: number;
  declare readonly limit?: number;
  declare readonly status?: number;
  declare readonly cursor?: string;
  declare readonly timeout?: string;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    const { cause, ...others } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, others);
  }
}
