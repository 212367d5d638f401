import Foundation
internal import TidewireFFI

func frame(of item: Item) -> Tidewire.Frame {
    switch item {
    case .event(let type, let data, let id): .event(Tidewire.Event(type: type, data: data, id: id))
    case .record(let index, let json): .record(Tidewire.Record(json: json, index: index.map { Int(clamping: $0) }))
    case .text(let text): .text(text)
    case .reply(let delta): .delta(tidewireDelta(of: delta))
    case .comment(let comment): .comment(comment)
    case .retry(let ms): .retry(duration(ms))
    case .problem(let code, let message, let offset, let limit):
        .badRecord(
            Tidewire.BadRecord(
                code: code, message: message, offset: offset.map { Int(clamping: $0) }, limit: limit.map { Int(clamping: $0) }))
    case .attempt(let number, let delayMs, let reason, let cursor, let askedMs, let error):
        .attempt(
            Tidewire.Attempt(
                number: Int(number), delay: duration(delayMs), reason: reason, cursor: cursor, asked: askedMs.map(duration), error: error))
    case .stall(let silentMs): .stall(Tidewire.Stall(silent: duration(silentMs)))
    case .gap(let after): .gap(Tidewire.Gap(after: after))
    case .replayed(let id): .replayed(Tidewire.Replayed(id: id))
    }
}

func tidewireDelta(of delta: TidewireFFI.Delta) -> Tidewire.Delta {
    switch delta {
    case .start(let id, let model, let created): .start(id: id, model: model, created: created)
    case .text(let choice, let text): .text(text, choice: Int(choice))
    case .reasoning(let choice, let text): .reasoning(text, choice: Int(choice))
    case .refusal(let choice, let text): .refusal(text, choice: Int(choice))
    case .toolCall(let choice, let index, let id, let name): .toolCall(index: Int(index), id: id, name: name, choice: Int(choice))
    case .arguments(let choice, let index, let fragment): .arguments(index: Int(index), fragment: fragment, choice: Int(choice))
    case .usage(let usage):
        .usage(
            Tidewire.Usage(
                inputTokens: usage.inputTokens.map { Int(clamping: $0) },
                outputTokens: usage.outputTokens.map { Int(clamping: $0) },
                totalTokens: usage.totalTokens.map { Int(clamping: $0) },
                reasoningTokens: usage.reasoningTokens.map { Int(clamping: $0) },
                cachedTokens: usage.cachedTokens.map { Int(clamping: $0) },
                cacheWriteTokens: usage.cacheWriteTokens.map { Int(clamping: $0) }))
    case .citation(let choice, let url, let title): .citation(url: url, title: title, choice: Int(choice))
    case .finish(let choice, let reason, let said): .finish(reason: reason, said: said, choice: Int(choice))
    case .error(let kind, let message, let retryable): .error(kind: kind, message: message, retryable: retryable)
    case .other(let name, let json): .other(name: name, json: json)
    }
}

/// `lastEventId` is that of the consumer, which may not have taken everything.
func streamResult(of end: StreamEnd, lastEventId: String?, reply: String?) -> Tidewire.StreamResult {
    Tidewire.StreamResult(
        outcome: Tidewire.Outcome(rawValue: end.code) ?? .internal,
        message: end.message,
        lastEventId: lastEventId,
        stats: streamStats(of: end.stats),
        reply: reply.map(Tidewire.Message.init(json:)),
        error: end.error,
        status: end.status.map { Int($0) },
        headers: end.headers.map { Tidewire.Header(name: $0.name, value: $0.value) },
        body: end.body,
        retryAfter: end.retryAfterMs.map(duration),
        timeout: end.timeout,
        offset: end.offset.map { Int(clamping: $0) },
        limit: end.limit.map { Int(clamping: $0) }
    )
}

func streamStats(of stats: TidewireFFI.StreamStats) -> Tidewire.StreamStats {
    Tidewire.StreamStats(
        firstByte: stats.firstByteMs.map(duration),
        firstEvent: stats.firstEventMs.map(duration),
        bytes: Int(clamping: stats.bytes),
        events: Int(clamping: stats.events),
        attempts: Int(stats.attempts),
        longestSilence: duration(stats.longestSilenceMs),
        elapsed: duration(stats.elapsedMs)
    )
}

extension Tidewire.StreamState {
    init(_ state: TidewireFFI.StreamState) {
        switch state.name {
        case "idle": self = .idle
        case "connecting": self = .connecting
        case "open": self = .open
        case "waiting": self = .waiting(delay: duration(state.delayMs ?? 0))
        default: self = .closed(state.outcome.flatMap(Tidewire.Outcome.init(rawValue:)) ?? .usage)
        }
    }

    /// The native library's word for it.
    var name: String {
        switch self {
        case .idle: "idle"
        case .connecting: "connecting"
        case .open: "open"
        case .waiting: "waiting"
        case .closed: "closed"
        }
    }
}

func native(_ header: Tidewire.Header) -> TidewireFFI.Header {
    TidewireFFI.Header(name: header.name, value: header.value)
}

func native(_ cursor: Tidewire.Cursor) -> TidewireFFI.CursorSettings {
    let place: CursorPlace =
        switch cursor.place {
        case .query: .query
        case .header: .header
        case .body: .body
        }
    return TidewireFFI.CursorSettings(path: cursor.path, place: place, name: cursor.name)
}

/// A limit in whole milliseconds. What is shorter than one becomes one, since 0 means no limit.
func limit(_ name: String, _ time: Duration) throws -> UInt64 {
    let ms = try milliseconds(name, time)
    return ms == 0 && time > .zero ? 1 : ms
}

/// Whole milliseconds.
func milliseconds(_ name: String, _ time: Duration) throws -> UInt64 {
    let (seconds, attoseconds) = time.components
    guard time >= .zero, seconds < 1 << 50 else { throw TidewireError.usage("\(name) cannot be \(time)") }
    return UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000)
}

func count(_ name: String, _ value: Int) throws -> UInt64 {
    guard value >= 0 else { throw TidewireError.usage("\(name) is negative: \(value)") }
    return UInt64(value)
}

func count32(_ name: String, _ value: Int) throws -> UInt32 {
    UInt32(clamping: try count(name, value))
}

func duration(_ ms: UInt64) -> Duration {
    .milliseconds(Int64(clamping: ms))
}

/// Runs a call of the native library, whose errors become the ones of this package.
func calling<Value>(_ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch {
        throw own(error)
    }
}

/// The error of this package for one of the native library.
func own(_ error: any Error) -> any Error {
    switch error {
    case let error as NativeError:
        switch error {
        case .Usage(let reason): TidewireError.usage(reason)
        case .Internal(let reason): TidewireError.internal(reason)
        }
    case is TidewireError, is CancellationError:
        error
    default:
        TidewireError.internal("the library has a defect: \(error)")
    }
}
