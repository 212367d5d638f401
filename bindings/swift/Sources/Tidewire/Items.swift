internal import TidewireFFI

extension Tidewire {
    /// What a stream delivers, read in one way. Each loop continues with the item after the last one that any loop has taken.
    public struct Items<Element>: AsyncSequence, Sendable {
        let source: Source
        let reading: Source.Reading
        let read: @Sendable (Item) throws -> Element?
        var keepsOpen = false

        /// The same items for a task that is cancelled and comes back: cancelling it leaves the connection open, and the next loop
        /// continues. Call ``Stream/stop()`` in the end, or let go of the stream.
        public func continuing() -> Items {
            var items = self
            items.keepsOpen = true
            return items
        }

        public func makeAsyncIterator() -> Iterator {
            Iterator(items: self)
        }

        public struct Iterator: AsyncIteratorProtocol {
            let items: Items
            private var isChosen = false

            init(items: Items) {
                self.items = items
            }

            /// The next item. `nil` after the stream is `complete` or `ended`; any other end is a ``TidewireError``.
            public mutating func next() async throws -> Element? {
                try await next(isolation: nil)
            }

            public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
                let source = items.source
                if !isChosen {
                    try source.choose(items.reading)
                    isChosen = true
                }
                while true {
                    if Task.isCancelled {
                        if !items.keepsOpen { source.stop() }
                        throw CancellationError()
                    }
                    switch source.take() {
                    case .item(let item):
                        let value: Element?
                        do {
                            value = try items.read(item)
                        } catch let mismatch as Mismatch {
                            guard source.notices.hearsBadRecords else { throw TidewireError.badRecord(mismatch.record) }
                            try await source.notices.hear(.badRecord(mismatch.record))
                            continue
                        }
                        if value == nil || items.reading.kind == .frames { try await source.notices.hear(frame(of: item)) }
                        if let value { return value }
                    case .none:
                        try await source.fill(keepsOpen: items.keepsOpen)
                    case .end:
                        if let error = source.finish().flatMap(TidewireError.init) { throw error }
                        return nil
                    }
                }
            }
        }
    }
}

/// A record does not fit the caller's type.
struct Mismatch: Error {
    let record: Tidewire.BadRecord

    init(_ error: any Error) {
        record = Tidewire.BadRecord(code: "bad_record", message: Self.message(error), offset: nil, limit: nil)
    }

    private static func message(_ error: any Error) -> String {
        let (context, what): (DecodingError.Context, String)
        switch error {
        case DecodingError.typeMismatch(_, let found): (context, what) = (found, found.debugDescription)
        case DecodingError.valueNotFound(_, let found): (context, what) = (found, found.debugDescription)
        case DecodingError.keyNotFound(let key, let found): (context, what) = (found, "there is no \"\(key.stringValue)\"")
        case DecodingError.dataCorrupted(let found): (context, what) = (found, found.debugDescription)
        default: return String(describing: error)
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? what : "\(path): \(what)"
    }
}
