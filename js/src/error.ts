/** Why something did not end well; the same string in every language. */
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

/** Fields of an error, when they are known. */
export interface ErrorFields {
  /** What the platform threw. */
  cause?: unknown;
  /** The position in the decoded body, in bytes from 0. */
  offset?: number | undefined;
  /** The limit in bytes that a record exceeded. */
  limit?: number | undefined;
  /** The HTTP status of a refused response. */
  status?: number | undefined;
  /** The cursor after which a later stream would continue. */
  cursor?: string | undefined;
  /** Which time limit passed. */
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

/** The fields that have a value; -1 is how the core says that a number is not known. */
export function known<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== -1)) as T;
}

/** A mistake of the caller's: thrown at once or by the loop, never retried. */
export function usage(message: string, cause?: unknown): TidewireError {
  return new TidewireError("usage", message, { cause });
}

/** Runs what throws if the caller made a mistake, which the error names. */
export function tried<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw usage(`${what}: ${words(cause)}`, cause);
  }
}

/** What a numeric option takes. */
export const NUMBER = "a number that is 0 or more";

/** An option whose value it does not take, and what it does. */
export function impossible(key: string, value: unknown, accepted: string): TidewireError {
  return usage(`${key}: ${typeof value === "string" ? JSON.stringify(value) : String(value)} is not possible; use ${accepted}`);
}

/** What was thrown, in words; `fetch` puts the reason in the cause. */
export function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message;
}
