import Foundation

extension Tidewire {
    /// Anything that a stream delivers: a record, or a notice about the stream at its place between the records.
    public enum Frame: Sendable, Hashable {
        case event(Event)
        case record(Record)
        /// A piece of a text.
        case text(String)
        /// A piece of an LLM's reply.
        case delta(Delta)
        /// A comment of an SSE stream, or a heartbeat.
        case comment(String)
        /// The server asks to wait this long before a reconnect.
        case retry(Duration)
        case badRecord(BadRecord)
        case attempt(Attempt)
        case stall(Stall)
        case gap(Gap)
        case replayed(Replayed)
    }

    /// An event of an SSE stream.
    public struct Event: Sendable, Hashable {
        /// Its type; `message` if the stream does not name it.
        public let type: String
        /// Its data.
        public let data: String
        /// The last event id in effect; empty before the first one.
        public let id: String

        /// The data as the JSON value that it is.
        public func json<Value: Decodable>(_ type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()) throws -> Value {
            try decoder.decode(type, from: Data(data.utf8))
        }
    }

    /// A JSON record.
    public struct Record: Sendable, Hashable {
        /// Its text, as it was sent.
        public let json: String
        /// Its number in the body, from 0.
        public let index: Int?
    }

    /// A record that cannot be read. The stream continues after it.
    public struct BadRecord: Sendable, Hashable {
        /// `bad_record`, or `too_large` for one that exceeds `maxEventBytes` and was skipped.
        public let code: String
        /// What is wrong with it.
        public let message: String
        /// Where it is, in bytes of the decoded body, if that is known.
        public let offset: Int?
        /// The limit that it exceeds, in bytes.
        public let limit: Int?
    }

    /// A request is due, after its `delay`.
    public struct Attempt: Sendable, Hashable {
        /// Which attempt of the stream it is, from 1.
        public let number: Int
        /// How long the stream waits before it.
        public let delay: Duration
        /// Why it is made: `connect`, `head`, `body`, `status`, `end`, `idle`, `progress`, `first_event` or `kick`; `nil` for the first.
        public let reason: String?
        /// The cursor from which the stream continues.
        public let cursor: String?
        /// The wait that the server asked for, if it is longer than the wait that is honoured.
        public let asked: Duration?
        /// What is known about the failure of the last attempt, for people.
        public let error: String?
    }

    /// The wire has been silent for this long.
    public struct Stall: Sendable, Hashable {
        public let silent: Duration
    }

    /// Records are missing here, or may be.
    public struct Gap: Sendable, Hashable {
        /// The cursor after which they are missing, if there is one.
        public let after: String?
    }

    /// The present response repeats records.
    public struct Replayed: Sendable, Hashable {
        /// The id of the first that was repeated.
        public let id: String
    }
}
