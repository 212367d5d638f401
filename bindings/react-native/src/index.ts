import type { Item, SseEvent } from "tidewire";
import { native } from "./error";
import { NativeClient, StreamKind, forgetConnections as forget } from "./native";
import { clientSettings } from "./options";
import type { ClientOptions, Input, ParseOptions, StreamOptions } from "./options";
import { decoded, defaultClient, requested } from "./source";
import type { Body } from "./source";
import { Streaming } from "./stream";

/**
 * Requests a stream: `for await (const event of stream(url, { method: "POST", json })) …`.
 *
 * Name the type of its items if they are not SSE events: `stream<JsonRecord<Token>>(url)`. Throws a `TidewireError` with the code `usage` for
 * a request or an option that is not possible; everything else is thrown by the loop.
 */
export function stream<T extends Item = SseEvent>(input: Input, options: StreamOptions = {}): Streaming<T> {
  return new Streaming<T>(requested(defaultClient(), StreamKind.Frames, input, options), options);
}

/** Reads a body that is already there, to its end. Without a `format`, it is known by the first bytes. */
export function parse<T extends Item = SseEvent>(source: Body, options: ParseOptions = {}): Streaming<T> {
  return new Streaming<T>(decoded(source, options), options);
}

/** Streams with something in common. */
export interface Client {
  /** Requests a stream. What is given here replaces the client's own; headers are merged by their names. */
  stream<T extends Item = SseEvent>(input: Input, options?: StreamOptions): Streaming<T>;
}

/** Options that several streams share, and a limit on how many of them are open at a time. */
export function createClient(options: ClientOptions = {}): Client {
  const client = native(() => new NativeClient(clientSettings(options)));
  const { headers: _, ...common } = options;
  return {
    stream(input, options = {}) {
      const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
      const both: StreamOptions = { ...common, ...given };
      return new Streaming(requested(client, StreamKind.Frames, input, both), both);
    },
  };
}

/**
 * Requests from now on use new connections, in every client: another network is used, or the device has slept. The requests that are under
 * way keep theirs, see `check` and `reconnect`.
 */
export function forgetConnections(): void {
  forget();
}

export { TidewireError } from "./error";
export type { ErrorCode, ErrorFields } from "tidewire";
export type { Item, JsonRecord, SseEvent, TextPiece, Watchers } from "tidewire";
export type { Attempt, AttemptRequest, Marker, PerAttempt, ReadOptions } from "tidewire";
export type { DecoderOptions, Format, OutcomeCode, State } from "tidewire";
export type { ClientOptions, Continuation, Input, ParseOptions, StreamOptions } from "./options";
export type { Outcome, Stats } from "./outcome";
export type { Body as Source } from "./source";
export type { Streaming } from "./stream";
