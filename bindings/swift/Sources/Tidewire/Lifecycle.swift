import Foundation

extension Tidewire {
    /// What becomes of a stream while none of the app's scenes is shown.
    public enum InBackground: Sendable {
        /// It reads nothing, and its limits on silence stand still. Back in the foreground it reads on, and is checked.
        case pause
        /// It is stopped: a loop over it ends with ``TidewireError/cancelled(_:)``.
        case stop
        /// It reads on, as long as the system lets the app run. Back in the foreground it is checked.
        case `continue`
        /// A ``Lifecycle`` does nothing to it, not even when the network changes.
        case ignore
    }

    /// Looks after the streams of an app that comes and goes: it is told which scenes are shown and which network is used.
    ///
    /// Its streams are all open streams of the process, unless their ``Options/inBackground`` says otherwise:
    /// - *When the last scene is hidden*, they are paused or stopped, as `inBackground` says.
    /// - *When a scene is shown again*, they read on, and are checked (``Stream/check(away:)``) with the time of the absence.
    /// - *When another network is used*, they connect again at once. The first network, and the loss of one, change nothing; the next one
    ///   after a loss is another network.
    ///
    /// After an absence of 15 s and in another network, later requests use new connections (``Tidewire/forgetConnections()``).
    ///
    /// A request that may not be sent again, such as a POST, is never repeated by any of this.
    ///
    /// On Apple's systems one line does it all, see `tidewireLifecycle()`. All members may be called from any task or thread.
    public final class Lifecycle: Sendable {
        /// The one of `tidewireLifecycle()`; it pauses streams in the background.
        public static let shared = Lifecycle()

        private enum Presence {
            case shown
            case away(since: Duration)
        }

        private enum Network: Equatable {
            case unknown
            case lost
            case used(String)
        }

        private struct State {
            var scenes: Set<String> = []
            var presence = Presence.shown
            var network = Network.unknown
            /// Another network was used while the app was away.
            var missedNetwork = false
        }

        private let inBackground: InBackground
        private let streams: @Sendable () -> [any LifecycleStream]
        private let now: @Sendable () -> Duration
        private let state = Locked(State())

        /// - Parameter inBackground: what becomes of streams whose request does not say it
        public convenience init(inBackground: InBackground = .pause) {
            // It goes on while the device sleeps.
            let start = ContinuousClock.now
            self.init(inBackground: inBackground, streams: { OpenStreams.all }, now: { ContinuousClock.now - start })
        }

        init(
            inBackground: InBackground, streams: @escaping @Sendable () -> [any LifecycleStream], now: @escaping @Sendable () -> Duration
        ) {
            self.inBackground = inBackground
            self.streams = streams
            self.now = now
        }

        /// A scene is shown. An app that has one need not name it.
        public func shown(_ scene: String = "app") {
            let (since, missedNetwork): (Duration?, Bool) = state.with { state in
                state.scenes.insert(scene)
                guard case .away(let since) = state.presence else { return (nil, false) }
                defer { state.missedNetwork = false }
                state.presence = .shown
                return (since, state.missedNetwork)
            }
            guard let since else { return }
            let away = max(now() - since, .zero)
            if missedNetwork || away >= Self.long { Tidewire.forgetConnections() }
            let streams = streams()
            // What was paused reads on in any case.
            for stream in streams { stream.release() }
            for stream in streams where choice(for: stream) != .ignore {
                if missedNetwork { stream.reconnect() } else { stream.check(away: away) }
            }
        }

        /// A scene is no longer shown.
        public func hidden(_ scene: String = "app") {
            let isGone = state.with { state in
                state.scenes.remove(scene)
                guard state.scenes.isEmpty, case .shown = state.presence else { return false }
                state.presence = .away(since: now())
                return true
            }
            guard isGone else { return }
            for stream in streams() {
                switch choice(for: stream) {
                case .pause: stream.hold()
                case .stop: stream.stop()
                case .continue, .ignore: break
                }
            }
        }

        /// The network in use, by a name that no other has.
        public func networkAvailable(_ name: String) {
            let (isOther, isShown) = state.with { state in
                let before = state.network
                state.network = .used(name)
                guard before != .unknown, before != state.network else { return (false, false) }
                // A request that is sent in the background may be the one that the system suspends.
                guard case .shown = state.presence else {
                    state.missedNetwork = true
                    return (true, false)
                }
                return (true, true)
            }
            if isOther { Tidewire.forgetConnections() }
            guard isShown else { return }
            for stream in streams() where choice(for: stream) != .ignore { stream.reconnect() }
        }

        /// There is no network.
        public func networkLost() {
            state.with { $0.network = .lost }
        }

        /// The program did not run for so long, although it was shown: the computer slept. All streams are checked.
        public func slept(_ time: Duration) {
            if time >= Self.long { Tidewire.forgetConnections() }
            for stream in streams() where choice(for: stream) != .ignore { stream.check(away: time) }
        }

        /// After an absence of this length, idle connections may be dead. Streams are checked one by one.
        private static let long = Duration.seconds(15)

        private func choice(for stream: any LifecycleStream) -> InBackground {
            stream.inBackground ?? inBackground
        }
    }
}

/// What a lifecycle does with a stream.
protocol LifecycleStream: AnyObject, Sendable {
    var inBackground: Tidewire.InBackground? { get }
    /// Pauses it, whatever the caller says.
    func hold()
    /// Ends that. A stream that the caller has paused stays so.
    func release()
    func check(away: Duration)
    func reconnect()
    func stop()
}

/// The streams of the process that were opened and still exist.
enum OpenStreams {
    private struct Weak: Sendable {
        weak var source: Source?
    }

    private static let sources = Locked<[Weak]>([])

    static func add(_ source: Source) {
        sources.with { sources in
            // Now and then, so that it costs little.
            if sources.count == sources.capacity { sources.removeAll { $0.source == nil } }
            sources.append(Weak(source: source))
        }
    }

    static var all: [Source] { sources.with { $0.compactMap(\.source) } }
}
