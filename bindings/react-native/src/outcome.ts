import type * as Npm from "tidewire";
import { TidewireError } from "./error";
import type { StreamEnd, StreamStats } from "./native";

/** How a stream ended. The native library has a limit more: that on making a connection. */
export interface Outcome extends Omit<Npm.Outcome, "timeout"> {
  timeout?: NonNullable<Npm.Outcome["timeout"]> | "connect";
}

/** What a stream has delivered and used so far; times in milliseconds since it began, -1 for what has not happened. */
export interface Stats extends Omit<Npm.Stats, "transport"> {
  transport: "native";
}

/** Of a stream that has read nothing. */
export const NO_STATS: Readonly<StreamStats> = { events: 0n, bytes: 0n, attempts: 0, longestSilenceMs: 0n, elapsedMs: 0n };

/** `events` of a stream that was stopped are those that were taken. */
export function outcomeOf(end: StreamEnd, left: number): Outcome {
  const { code, stats, status, cursor } = end;
  const isGood = code === "complete" || code === "ended";
  const isMistake = code === "usage" || code === "internal";
  const isStopped = code === "cancelled" || isMistake;
  return known({
    outcome: (isStopped ? "cancelled" : code) as Npm.OutcomeCode,
    events: Number(stats.events) - (isStopped ? left : 0),
    bytes: Number(stats.bytes),
    attempts: stats.attempts,
    status,
    headers: status === undefined ? undefined : joined(end),
    body: end.body && new TextDecoder().decode(end.body),
    retryAfterMs: number(end.retryAfterMs),
    timeout: end.timeout as Outcome["timeout"],
    cursor: isGood ? undefined : cursor,
    offset: number(end.offset),
    limit: number(end.limit),
    error: isMistake ? end.message : isStopped ? undefined : end.error,
  });
}

/** What the loop throws at the end, if it throws anything. */
export function errorOf(end: StreamEnd): Error | undefined {
  const { code, message, status, cursor, timeout } = end;
  if (code === "complete" || code === "ended" || code === "cancelled") return undefined;
  if (code === "internal") return new Error(message);
  const fields = known({ status, cursor, timeout, offset: number(end.offset), limit: number(end.limit) });
  return new TidewireError(code as TidewireError["code"], message, fields);
}

export function statsOf(stats: StreamStats): Stats {
  return {
    events: Number(stats.events),
    bytes: Number(stats.bytes),
    attempts: stats.attempts,
    firstByteMs: number(stats.firstByteMs) ?? -1,
    firstEventMs: number(stats.firstEventMs) ?? -1,
    longestSilenceMs: Number(stats.longestSilenceMs),
    elapsedMs: Number(stats.elapsedMs),
    transport: "native",
  };
}

type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function known<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>;
}

function number(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** By their names in lower case; values of the same name are joined, as `Headers` does it. */
function joined({ headers }: StreamEnd): { [name: string]: string } {
  const found = new Map<string, string>();
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    const before = found.get(key);
    found.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(found);
}
