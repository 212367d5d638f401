// Checked by tsc alone: this package has the types of the npm package, but for what differences.ts lists.
import type * as npm from "tidewire";
import type * as npmLlm from "tidewire/llm";
import type * as own from "../src/index";
import type * as ownLlm from "../src/llm";

/** Options that only `fetch` has, and options that a body that is there already has no use for. */
type FetchOption = "fetch" | Exclude<keyof RequestInit, "method" | "headers" | "body" | "signal">;
type TimeOption = "timeout" | "idleTimeout" | "progressTimeout" | "firstEventTimeout" | "stallAfter" | "onStall" | "lastEventId";

/** Each can be assigned to the other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
/** The first can be assigned to the second. */
type Fits<A, B> = [A] extends [B] ? true : false;
declare function holds<_ extends true>(): void;

// What differs is found.
type Differs<A, B> = Same<A, B> extends true ? false : true;
holds<Differs<own.Outcome, npm.Outcome> & Differs<own.Stats, npm.Stats> & Differs<own.Source, npm.Source> & Differs<own.Input, npm.Input>>();
holds<Differs<own.StreamOptions, npm.StreamOptions> & Differs<own.Streaming, npm.Streaming> & Differs<1, string>>();

// What is exported as values.
holds<Same<Exclude<keyof typeof own, "forgetConnections">, Exclude<keyof typeof npm, "createParser">>>();
holds<Same<keyof typeof ownLlm, Exclude<keyof typeof npmLlm, "createParser">>>();

// Errors.
holds<Same<own.TidewireError, npm.TidewireError>>();
holds<Same<ConstructorParameters<typeof own.TidewireError>, ConstructorParameters<typeof npm.TidewireError>>>();
holds<Same<own.ErrorCode, npm.ErrorCode> & Same<own.ErrorFields, npm.ErrorFields>>();

// Items and what is told of a stream.
holds<Same<own.Item, npm.Item> & Same<own.SseEvent, npm.SseEvent> & Same<own.JsonRecord<1>, npm.JsonRecord<1>> & Same<own.TextPiece, npm.TextPiece>>();
holds<Same<own.Watchers, npm.Watchers> & Same<own.Attempt, npm.Attempt> & Same<own.AttemptRequest, npm.AttemptRequest>>();
holds<Same<own.State, npm.State> & Same<own.OutcomeCode, npm.OutcomeCode> & Same<own.Format, npm.Format> & Same<own.Marker, npm.Marker>>();
holds<Same<own.DecoderOptions, npm.DecoderOptions> & Same<own.ReadOptions, npm.ReadOptions>>();
holds<Same<own.PerAttempt<1, 2>, npm.PerAttempt<1, 2>>>();
holds<Same<Omit<own.Outcome, "timeout">, Omit<npm.Outcome, "timeout">> & Fits<npm.Outcome, own.Outcome>>();
holds<Same<Omit<own.Stats, "transport">, Omit<npm.Stats, "transport">>>();

// Options.
type Changed = "body" | "resume";
holds<Same<keyof own.StreamOptions, Exclude<keyof npm.StreamOptions, FetchOption>>>();
holds<Same<Omit<own.StreamOptions, Changed>, Omit<npm.StreamOptions, Changed | FetchOption>> & Fits<own.StreamOptions, npm.StreamOptions>>();
holds<Same<keyof own.ClientOptions, Exclude<keyof npm.ClientOptions, FetchOption>> & Fits<own.ClientOptions, npm.ClientOptions>>();
holds<Same<Omit<own.ClientOptions, Changed | "headers">, Omit<npm.ClientOptions, Changed | "headers" | FetchOption>>>();
holds<Same<own.ParseOptions, Omit<npm.ReadOptions, TimeOption>>>();
holds<Same<Omit<own.Continuation, "body">, Omit<npm.Continuation, "body">> & Fits<own.Continuation, npm.Continuation>>();
holds<Same<own.Input, Extract<npm.Input, string | URL>> & Same<own.Source, Exclude<npm.Source, Response>>>();
holds<Same<keyof ownLlm.ReplyOptions, Exclude<keyof npmLlm.ReplyOptions, FetchOption>> & Fits<ownLlm.ReplyOptions, npmLlm.ReplyOptions>>();
holds<Same<ownLlm.ReplyOptions["dialect"], npmLlm.ReplyOptions["dialect"]>>();

// Functions.
type Event = npm.JsonRecord<{ n: number }>;
holds<Same<Parameters<typeof own.stream>, [input: own.Input, options?: own.StreamOptions]>>();
holds<Same<Parameters<typeof own.parse>, [source: own.Source, options?: own.ParseOptions]>>();
holds<Same<Parameters<typeof own.createClient>, [options?: own.ClientOptions]>>();
holds<Same<Parameters<typeof ownLlm.deltas>, [from: own.Input | own.Source, options?: ownLlm.ReplyOptions]>>();
holds<Same<ReturnType<typeof own.stream<Event>>, own.Streaming<Event>> & Same<ReturnType<typeof own.parse<Event>>, own.Streaming<Event>>>();
holds<Same<ReturnType<own.Client["stream"]>, own.Streaming<npm.SseEvent>> & Same<keyof own.Client, keyof npm.Client>>();
holds<Same<ReturnType<typeof own.createClient>, own.Client> & Same<ReturnType<typeof ownLlm.deltas>, ownLlm.Reply>>();

// Streams: all members, and their types apart from those of Outcome and Stats. `this` is the class itself.
type Members<S> = Omit<S, "outcome" | "drain" | "stats" | typeof Symbol.asyncIterator>;
holds<Same<keyof own.Streaming, keyof npm.Streaming> & Same<keyof ownLlm.Reply, keyof npmLlm.Reply>>();
holds<Same<Members<own.Streaming>, Members<npm.Streaming>> & Same<Members<own.Streaming<Event>>, Members<npm.Streaming<Event>>>>();
holds<Same<Members<ownLlm.Reply>, Members<npmLlm.Reply>>>();
holds<Same<own.Streaming["outcome"], Promise<own.Outcome>> & Same<own.Streaming["drain"], () => Promise<own.Outcome>>>();
holds<Same<own.Streaming["stats"], own.Stats>>();

// Deltas and messages.
holds<Same<ownLlm.Delta, npmLlm.Delta> & Same<ownLlm.Message, npmLlm.Message> & Same<ownLlm.Dialect, npmLlm.Dialect>>();
