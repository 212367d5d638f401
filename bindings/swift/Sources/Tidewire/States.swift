internal import TidewireFFI

extension Tidewire {
    /// The states of a stream.
    public struct States: AsyncSequence, Sendable {
        public typealias Element = StreamState

        private weak var source: Source?

        init(source: Source) {
            self.source = source
        }

        public func makeAsyncIterator() -> Iterator {
            Iterator(source: source)
        }

        public struct Iterator: AsyncIteratorProtocol {
            private weak var source: Source?
            private var last: StreamState?

            init(source: Source?) {
                self.source = source
            }

            /// The next state; `nil` after `closed`, and when the task is cancelled.
            public mutating func next() async -> StreamState? {
                while !Task.isCancelled {
                    if case .closed = last { return nil }
                    let now = source?.streamState ?? .closed(.cancelled)
                    if last?.name != now.name {
                        last = now
                        return now
                    }
                    await change(from: now.name)
                }
                return nil
            }

            /// The native stream, or none yet; `nil` if the stream is gone. The stream itself is not held while it is waited for.
            private func native(opened: Once<Void>) -> NativeStream?? {
                source.map { $0.native(opened: opened) }
            }

            /// Waits until the stream may do something else, or the task is cancelled.
            private func change(from state: String) async {
                let changed = Once<Void>()
                guard let native = native(opened: changed) else { return }
                await withTaskCancellationHandler {
                    if let native {
                        // A task of its own, since UniFFI's calls do not see that a task is cancelled. It ends when the stream is closed.
                        Task {
                            _ = await native.nextState(previous: state)
                            changed.fill(())
                        }
                    }
                    await changed.wait()
                } onCancel: {
                    changed.fill(())
                }
            }
        }
    }
}
