import Foundation

extension Tidewire {
    /// Carries the streams of a client through the life of an app: into the background and back, and from one network to another.
    ///
    /// On Apple systems one line does it, see `tidewireLifecycle()`. Elsewhere the app calls the methods.
    public final class Lifecycle: Sendable {
        /// What happens to streams when the app goes into the background.
        public enum Background: Sendable {
            /// They are paused, and continue when the app comes back.
            case pause
            /// They are stopped.
            case stop
            /// Nothing.
            case keep
        }

        /// Of the shared client; pauses in the background.
        public static let shared = Lifecycle()

        private struct State {
            /// Since when the app has been in the background.
            var background: Duration?
            /// The network in use, and the last one.
            var network: String?
            var lastNetwork: String?
            /// What the network did in the background.
            var missed = Network.same
        }

        private enum Network {
            case same
            /// It was gone for a while.
            case back
            /// It is another one, so connections over the old one are dead.
            case other
        }

        private let background: Background
        private let streams: @Sendable () -> [any LifecycleStream]
        private let now: @Sendable () -> Duration
        private let state = Locked(State())

        public convenience init(_ client: Client = .shared, background: Background = .pause) {
            // It goes on while the machine sleeps.
            let start = ContinuousClock.now
            self.init(background: background, streams: { client.streams.all }, now: { ContinuousClock.now - start })
        }

        init(background: Background, streams: @escaping @Sendable () -> [any LifecycleStream], now: @escaping @Sendable () -> Duration) {
            self.background = background
            self.streams = streams
            self.now = now
        }

        /// The app is no longer visible.
        public func enterBackground() {
            let isNew = state.with { state in
                if state.background != nil { return false }
                state.background = now()
                return true
            }
            guard isNew else { return }
            for stream in streams() {
                switch background {
                case .pause: stream.hold()
                case .stop: stream.stop()
                case .keep: break
                }
            }
        }

        /// The app is visible again. Streams continue; those that seem dead are continued by another request, if that loses nothing.
        public func enterForeground() {
            let (since, network) = state.with { state in
                defer {
                    state.background = nil
                    state.missed = .same
                }
                return (state.background, state.missed)
            }
            guard let since else { return }
            let slept = max(now() - since, .zero)
            for stream in streams() {
                stream.release()
                act(on: stream, network == .other ? .other : .back, slept: slept)
            }
        }

        /// The network in use, by a name that no other has; `nil` if there is none. Called once at the beginning, and after each change.
        public func network(_ name: String?) {
            let change: Network = state.with { state in
                let (before, last) = (state.network, state.lastNetwork)
                state.network = name
                guard let name, name != before else { return .same }
                state.lastNetwork = name
                guard let last else { return .same }
                let change = last == name ? Network.back : .other
                guard state.background == nil else {
                    if state.missed != .other { state.missed = change }
                    return .same
                }
                return change
            }
            guard change != .same else { return }
            for stream in streams() { act(on: stream, change, slept: .zero) }
        }

        private func act(on stream: any LifecycleStream, _ change: Network, slept: Duration) {
            switch change {
            case .same: break
            case .back: stream.check(slept: slept)
            case .other: stream.reconnect()
            }
        }
    }
}

/// What a lifecycle does with a stream.
protocol LifecycleStream: AnyObject, Sendable {
    /// Pauses it, whatever the caller says.
    func hold()
    /// Ends that. A stream that the caller has paused stays so.
    func release()
    /// Looks whether it is alive, after the app slept for this long.
    func check(slept: Duration)
    func reconnect()
    func stop()
}
