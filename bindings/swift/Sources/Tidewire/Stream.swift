import Foundation
internal import TidewireFFI

extension Tidewire {
    /// A stream: its events in a loop, or what ``deltas(dialect:)``, ``texts(dialect:)``, ``records(_:decoder:)`` or ``frames(dialect:)``
    /// make of its response; how it ended; and its controls.
    ///
    /// Nothing is sent before the first item is asked for, and nothing is read faster than it is taken.
    ///
    /// A stream sends one request, and further ones only to continue it. *A loop that is left by `break` or an error loses nothing*: the
    /// next loop continues with the next item. The connection is closed at the end of the stream, by ``stop()``, when nobody holds the
    /// stream or a loop over it any more, and when the task that reads it is cancelled; ``Items/continuing()`` leaves it open in that case.
    ///
    /// A loop ends when the stream is ``Outcome/complete`` or ``Outcome/ended``, and throws a ``TidewireError`` after any other outcome. A
    /// task that is cancelled gets a `CancellationError`; what was read and not taken stays for a later loop.
    ///
    /// All members may be called from any task or thread.
    public final class Stream: AsyncSequence, Sendable {
        public typealias Element = Event

        let source: Source

        init(_ source: Source) {
            self.source = source
        }

        public func makeAsyncIterator() -> Items<Event>.Iterator {
            events().makeAsyncIterator()
        }

        // What is read.

        /// The events of an SSE stream; what a loop over the stream itself gets.
        public func events() -> Items<Event> {
            items(.events, nil) { item in
                if case .event(let type, let data, let id) = item { Event(type: type, data: data, id: id) } else { nil }
            }
        }

        /// JSON records of any format, or the data of SSE events. A record that does not fit `Value` is a bad record: see
        /// ``Options/onBadRecord``.
        public func records<Value: Decodable>(_ type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()) -> Items<Value> {
            items(.records, nil) { item in
                guard case .record(_, let json) = item else { return nil }
                do {
                    return try decoder.decode(Value.self, from: Data(json.utf8))
                } catch {
                    throw Mismatch(error)
                }
            }
        }

        /// Text as it arrives, never a broken character: of the text format, the data of events, or with a dialect the text of a reply.
        public func texts(dialect: Dialect? = nil) -> Items<String> {
            items(.text, dialect ?? source.options.dialect) { item in
                if case .text(let text) = item { text } else { nil }
            }
        }

        /// The deltas of an LLM's reply. ``reply`` has what they add up to.
        public func deltas(dialect: Dialect? = nil) -> Items<Delta> {
            items(.reply, dialect ?? source.options.dialect ?? .auto) { item in
                if case .reply(let delta) = item { tidewireDelta(of: delta) } else { nil }
            }
        }

        /// Everything: records, comments, and notices about the stream.
        public func frames(dialect: Dialect? = nil) -> Items<Frame> {
            items(.frames, dialect ?? source.options.dialect) { frame(of: $0) }
        }

        private func items<Value>(
            _ kind: StreamKind, _ dialect: Dialect?, _ read: @escaping @Sendable (Item) throws -> Value?
        ) -> Items<Value> {
            Items(source: source, reading: Source.Reading(kind: kind, dialect: dialect), read: read)
        }

        // How it goes.

        /// How the stream ended; `nil` while it runs.
        public var result: StreamResult? { source.result }

        /// The outcome; `nil` while it runs.
        public var outcome: Outcome? { result?.outcome }

        /// What the stream received so far.
        public var stats: StreamStats { source.stats }

        /// The cursor after the last item that was taken, from which another stream can continue: see ``Options/lastEventId``.
        public var lastEventId: String? { source.lastEventId }

        /// The message of an LLM's reply, as far as it arrived; `nil` for other streams.
        public var reply: Message? { source.reply }

        /// The format of the present response; `nil` before it is known.
        public var format: Format? { source.format }

        /// The dialect in which a reply is read, once a record has identified it.
        public var dialect: Dialect? { source.dialect }

        /// What the stream is doing.
        public var state: StreamState { source.streamState }

        /// What the stream is doing, and whatever it does next, up to ``StreamState/closed(_:)``. States that pass quickly may be left
        /// out. Waiting for them does not keep the stream open.
        public var states: States { States(source: source) }

        // What can be done with it.

        /// Reads nothing until ``resume()``. The limits on silence stand still. Called before the first item is asked for, it holds the
        /// request back.
        public func pause() { source.pause() }

        /// Continues after ``pause()``.
        public func resume() { source.resume() }

        /// Connects again at once, if the request may be sent again: the network is back, or the stream seems dead.
        public func reconnect() { source.reconnect() }

        /// Looks whether the stream is alive after an absence: an app was in the background, a computer slept. `away` is how long that was.
        ///
        /// A stream that waits connects at once. If the absence or the silence was as long as ``Options/stallAfter``, the connection gets a
        /// second to show that it is alive; then another request continues the stream, if that loses nothing.
        public func check(away: Duration = .zero) { source.check(away: away) }

        /// Stops the stream for good, and closes its connection. A loop over it gets the items that were read, and then throws
        /// ``TidewireError/cancelled(_:)``.
        public func stop() { source.stop() }
    }
}
