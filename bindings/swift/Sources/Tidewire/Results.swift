import Foundation

extension Tidewire {
    /// How a stream ended. Only `complete` and `ended` are success. The raw value is the same word in every language.
    public enum Outcome: String, Sendable, CaseIterable {
        /// The stream's own end marker arrived.
        case complete
        /// The body ended cleanly, and no marker was expected.
        case ended
        /// The body ended or broke before its marker or inside a record, and could not be resumed.
        case truncated
        /// The server reported an error inside the stream.
        case failed
        /// The status or the content type is not acceptable.
        case refused
        /// A limit was reached; ``StreamResult/timeout`` says which.
        case timedOut = "timed_out"
        /// No attempt got a record.
        case unreachable
        /// A record exceeded its limit, or the body could not be decoded.
        case unreadable
        /// The caller stopped it, or the task that read it was cancelled.
        case cancelled
        /// The caller's mistake: an option, a URL, a header. Nothing was sent.
        case usage
        /// A defect of this library.
        case `internal`

        /// The word that every language uses.
        public var code: String { rawValue }

        /// Whether everything that the server meant to send has come.
        public var isSuccess: Bool { self == .complete || self == .ended }
    }

    /// How a stream ended, and what its consumer received.
    public struct StreamResult: Sendable, Hashable, CustomStringConvertible {
        /// The outcome.
        public let outcome: Outcome
        /// What to tell people; empty for a success.
        public let message: String
        /// The cursor after the last item that the consumer took, from which another stream can continue.
        public let lastEventId: String?
        /// What the stream received.
        public let stats: StreamStats
        /// The whole message of an LLM's reply, as far as it arrived; `nil` for other streams.
        public let reply: Message?
        /// What the transport or the server said about the failure; of a refusal, the server's reason.
        public internal(set) var error: String?
        /// The HTTP status of a refusal.
        public internal(set) var status: Int?
        /// The headers of the refused response.
        public internal(set) var headers: [Header] = []
        /// The body of the refused response, up to 64 KiB.
        public internal(set) var body: Data?
        /// The wait that a refusal asked for, if it was too long to be honoured.
        public internal(set) var retryAfter: Duration?
        /// Which limit passed: `connect`, `first_event`, `idle`, `progress`, `total` or `queue`.
        public internal(set) var timeout: String?
        /// Where the body became unreadable, in bytes of the decoded body.
        public internal(set) var offset: Int?
        /// The limit that a record exceeded, in bytes.
        public internal(set) var limit: Int?

        /// Whether everything that the server meant to send has come.
        public var isSuccess: Bool { outcome.isSuccess }

        /// A header of the refused response.
        public func header(_ name: String) -> String? {
            headers.first { $0.name.caseInsensitiveCompare(name) == .orderedSame }?.value
        }

        public var description: String {
            message.isEmpty ? "\(outcome.code), \(stats.events) events" : "\(outcome.code): \(message)"
        }
    }

    /// What a stream received so far, and how long it took.
    public struct StreamStats: Sendable, Hashable {
        /// From the start to the first byte of a body.
        public internal(set) var firstByte: Duration?
        /// From the start to the first record.
        public internal(set) var firstEvent: Duration?
        /// Bytes of the decoded bodies.
        public internal(set) var bytes = 0
        /// Records that were delivered.
        public internal(set) var events = 0
        /// Requests that were sent.
        public internal(set) var attempts = 0
        /// The longest silence on the wire while the consumer was asking.
        public internal(set) var longestSilence = Duration.zero
        /// From the start to the end, or to now.
        public internal(set) var elapsed = Duration.zero
    }

    /// What a stream is doing.
    public enum StreamState: Sendable, Hashable {
        /// Nobody has asked for its first item.
        case idle
        /// A request is on its way.
        case connecting
        /// A response is being read.
        case open
        /// It waits, for the rest of `delay`, before it connects again.
        case waiting(delay: Duration)
        /// It is over.
        case closed(Outcome)
    }
}
