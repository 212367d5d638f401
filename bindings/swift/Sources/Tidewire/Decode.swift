import Foundation
internal import TidewireFFI

extension Tidewire {
    /// Decodes a body that is already there. Without a format the first bytes decide.
    public static func decode(_ body: Data, _ configure: (inout DecodeOptions) -> Void = { _ in }) throws -> Decoded {
        let decoder = try Decoder(configure)
        let frames = decoder.push(body) + decoder.finish()
        guard let result = decoder.result else { throw TidewireError.internal("a finished decoder has no result") }
        return Decoded(frames: frames, result: result)
    }

    /// What ``decode(_:_:)`` returns.
    public struct Decoded: Sendable {
        /// The records, and the comments and notices between them; of a reply its deltas.
        public let frames: [Frame]
        /// How the body ended.
        public let result: StreamResult
    }

    /// A decoder of one body, fed in pieces that may be cut anywhere.
    public final class Decoder: Sendable {
        private let native: NativeDecoder
        private let isReply: Bool
        private let ended = Locked<StreamResult?>(nil)

        /// Throws ``TidewireError/usage(_:)`` for an option that does not exist.
        public init(_ configure: (inout DecodeOptions) -> Void = { _ in }) throws {
            var options = DecodeOptions()
            configure(&options)
            isReply = options.dialect != nil
            native = try calling { try NativeDecoder(settings: options.settings()) }
        }

        /// How the body ended; `nil` until an end has come.
        public var result: StreamResult? { ended.with { $0 } }

        /// Takes the next piece of the body, and returns what it completes. After the end the rest of the body does not count.
        public func push(_ piece: Data) -> [Frame] {
            take { native.push(piece: piece) }
        }

        /// Takes the clean end of the body, and returns what it completes.
        public func finish() -> [Frame] {
            take { native.finish() }
        }

        /// The message of an LLM's reply, as far as it arrived; `nil` without a dialect.
        public var reply: Message? { native.message().map(Message.init(json:)) }

        private func take(_ call: () -> Batch) -> [Frame] {
            ended.with { ended in
                if ended != nil { return [] }
                let batch = call()
                ended = batch.end.map { streamResult(of: $0, lastEventId: $0.cursor, reply: isReply ? native.message() : nil) }
                return batch.items.map(frame(of:))
            }
        }
    }

    /// How a body is read. The names mean what they mean in ``Options``.
    public struct DecodeOptions: Sendable {
        public init() {}

        public var format: Format?
        public var dialect: Dialect?
        public var maxEventBytes: Int?
        public var skipOversized = false
        public var deliverUnterminated = false
        public var endOn: [String]?
        public var failOn: [String]?
        public var heartbeatOn: [String] = []

        func settings() throws -> DecodeSettings {
            DecodeSettings(
                format: format?.rawValue,
                dialect: dialect?.name,
                maxEventBytes: try maxEventBytes.map { try count("maxEventBytes", $0) },
                skipOversized: skipOversized,
                deliverUnterminated: deliverUnterminated,
                endOn: endOn,
                failOn: failOn,
                heartbeatOn: heartbeatOn
            )
        }
    }
}
