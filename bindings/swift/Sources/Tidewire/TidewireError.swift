import Foundation

/// A stream did not end well, or a call cannot be carried out. A task that is cancelled gets a `CancellationError` instead.
public enum TidewireError: Error, Sendable {
    /// The body ended or broke before its marker or inside a record, and could not be resumed.
    case truncated(Tidewire.StreamResult)
    /// The server reported an error inside the stream.
    case failed(Tidewire.StreamResult)
    /// The status or the content type is not acceptable.
    case refused(Tidewire.StreamResult)
    /// A limit was reached.
    case timedOut(Tidewire.StreamResult)
    /// No attempt got a record.
    case unreachable(Tidewire.StreamResult)
    /// A record exceeded its limit, or the body could not be decoded.
    case unreadable(Tidewire.StreamResult)
    /// The stream was stopped.
    case cancelled(Tidewire.StreamResult)
    /// A record does not fit the type of `records`. The next loop continues after it.
    case badRecord(Tidewire.BadRecord)
    /// The caller's mistake: an option, a URL, a header, or a call at the wrong time.
    case usage(String)
    /// A defect of this library.
    case `internal`(String)

    /// The outcome's code, the same in every language; `bad_record` for a record that is not what the caller expects.
    public var code: String {
        switch self {
        case .badRecord(let record): record.code
        default: outcome?.code ?? Tidewire.Outcome.internal.code
        }
    }

    /// The outcome; `nil` for a bad record.
    public var outcome: Tidewire.Outcome? {
        switch self {
        case .truncated: .truncated
        case .failed: .failed
        case .refused: .refused
        case .timedOut: .timedOut
        case .unreachable: .unreachable
        case .unreadable: .unreadable
        case .cancelled: .cancelled
        case .badRecord: nil
        case .usage: .usage
        case .internal: .internal
        }
    }

    /// How the stream ended; `nil` if the error is that of a call.
    public var result: Tidewire.StreamResult? {
        switch self {
        case .truncated(let result), .failed(let result), .refused(let result), .timedOut(let result), .unreachable(let result),
            .unreadable(let result), .cancelled(let result):
            result
        case .badRecord, .usage, .internal: nil
        }
    }

    /// What to tell people.
    public var message: String {
        switch self {
        case .badRecord(let record): record.message
        case .usage(let message), .internal(let message): message
        default: result?.message ?? code
        }
    }

    /// `nil` for a success.
    init?(_ result: Tidewire.StreamResult) {
        switch result.outcome {
        case .complete, .ended: return nil
        case .truncated: self = .truncated(result)
        case .failed: self = .failed(result)
        case .refused: self = .refused(result)
        case .timedOut: self = .timedOut(result)
        case .unreachable: self = .unreachable(result)
        case .unreadable: self = .unreadable(result)
        case .cancelled: self = .cancelled(result)
        case .usage: self = .usage(result.message)
        case .internal: self = .internal(result.message)
        }
    }
}

extension TidewireError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { description }

    public var description: String { "\(code): \(message)" }
}
