import type { ErrorCode, ErrorFields } from "tidewire";
import { NativeError, NativeError_Tags } from "./native";

/** Every error that this package makes. A defect of the native library is a plain `Error`. */
export class TidewireError extends Error {
  override readonly name = "TidewireError";
  readonly offset?: number;
  readonly limit?: number;
  readonly status?: number;
  readonly cursor?: string;
  readonly timeout?: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { cause, ...fields }: ErrorFields = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, fields);
  }
}

/** A mistake of the caller's. */
export function usage(message: string, cause?: unknown): TidewireError {
  return new TidewireError("usage", message, { cause });
}

/** Calls the native library; what it refuses is a usage error. */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw refusal(error);
  }
}

/** What the native library threw, as this package throws it. */
export function refusal(error: unknown): unknown {
  if (!NativeError.instanceOf(error)) return error;
  const { reason } = error.inner;
  return error.tag === NativeError_Tags.Usage ? usage(reason, error) : new Error(reason, { cause: error });
}

/** What was thrown, in words. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
