import Foundation
internal import TidewireFFI

/// A native stream, and the batch that is being consumed.
///
/// No item is lost and none is delivered twice, by these rules:
/// - The native library keeps a batch until the next call acknowledges it, so a call that is cancelled loses nothing.
/// - An item counts as taken when `take` returns it. From there to its consumer nothing looks whether the task is cancelled.
final class Source: Sendable {
    /// What the stream is read as.
    struct Reading: Sendable, Equatable {
        let kind: StreamKind
        let dialect: Tidewire.Dialect?
    }

    enum Taken {
        case item(Item)
        /// The next batch is to be fetched.
        case none
        /// The end was reached.
        case end
    }

    private struct State {
        var reading: Reading?
        var native: NativeStream?
        /// Why there is no native stream.
        var problem: (any Error)?
        /// The present batch: the number of its first item, and how many of them were taken.
        var items: [Item] = []
        var first: UInt64 = 0
        var at = 0
        var end: StreamEnd?
        /// How the stream ended, once its consumer has come to its end.
        var result: Tidewire.StreamResult?
        var isBeingRead = false
        var isPaused = false
        /// Paused by a lifecycle.
        var isHeld = false
        var isStopped = false
        var waiters: [Once<Void>] = []

        var taken: UInt64 { first + UInt64(at) }
    }

    /// See `fill`.
    private static let cancellations = DispatchQueue(label: "dev.tidewire.cancellations")

    let notices: Notices
    let options: Tidewire.Options
    private let client: Tidewire.Client
    private let url: String
    private let runs = HookRuns()
    private let state = Locked(State())

    init(client: Tidewire.Client, url: String, options: Tidewire.Options) {
        self.client = client
        self.url = url
        self.options = options
        notices = Notices(options: options)
    }

    deinit {
        stop()
    }

    /// Says what the stream is read as. It cannot be changed later.
    func choose(_ reading: Reading) throws {
        try state.with { state in
            if let chosen = state.reading, chosen != reading {
                throw TidewireError.usage("the stream is read as \(chosen.kind); make another one to read it in another way")
            }
            state.reading = reading
        }
    }

    /// The next item of the present batch, which counts as taken with that.
    func take() -> Taken {
        state.with { state in
            guard state.at < state.items.count else { return state.end == nil ? .none : .end }
            defer { state.at += 1 }
            return .item(state.items[state.at])
        }
    }

    /// Waits for the next batch; it may be empty. When the task is cancelled meanwhile, the stream is stopped, or left open if `keepsOpen`.
    func fill(keepsOpen: Bool) async throws {
        let (native, number) = try begin()
        defer { state.with { $0.isBeingRead = false } }
        do {
            let batch = try await withTaskCancellationHandler {
                try await native.nextBatch(number: number, most: BatchSize.most)
            } onCancel: {
                // Not in the handler itself. It runs under a lock of the task, which resuming the task takes as well; and the native library
                // resumes it under locks that these calls take.
                Self.cancellations.async {
                    if keepsOpen { native.interrupt() } else { self.stop() }
                }
            }
            state.with { state in
                state.items = batch.items
                state.first = number
                state.at = 0
                state.end = batch.end
            }
        } catch {
            throw own(error)
        }
    }

    /// How the stream ended, for a consumer that has come to its end.
    func finish() -> Tidewire.StreamResult? {
        let (native, end, taken, result) = state.with { ($0.native, $0.end, $0.taken, $0.result) }
        if let result { return result }
        guard let native, let end else { return nil }
        let made = streamResult(of: end, lastEventId: native.lastEventId(number: taken), reply: reply(native))
        state.with { $0.result = made }
        return made
    }

    var result: Tidewire.StreamResult? {
        let (native, result, isStopped, taken) = state.with { ($0.native, $0.result, $0.isStopped, $0.taken) }
        if let result { return result }
        guard let native else { return isStopped ? stopped : nil }
        guard let end = native.outcome() else { return nil }
        return streamResult(of: end, lastEventId: native.lastEventId(number: taken), reply: reply(native))
    }

    var stats: Tidewire.StreamStats {
        state.with(\.native).map { streamStats(of: $0.stats()) } ?? Tidewire.StreamStats()
    }

    var lastEventId: String? {
        let (native, taken) = state.with { ($0.native, $0.taken) }
        return native.map { $0.lastEventId(number: taken) } ?? options.lastEventId
    }

    var reply: Tidewire.Message? {
        state.with(\.native)?.message().map(Tidewire.Message.init(json:))
    }

    var format: Tidewire.Format? {
        (state.with(\.native)?.format()).flatMap(Tidewire.Format.init(rawValue:)).flatMap { $0 == .auto ? nil : $0 }
    }

    var dialect: Tidewire.Dialect? {
        (state.with(\.native)?.dialect()).flatMap { $0 == "auto" ? nil : Tidewire.Dialect($0) }
    }

    var streamState: Tidewire.StreamState {
        let (native, isStopped, problem) = state.with { ($0.native, $0.isStopped, $0.problem) }
        if let native { return Tidewire.StreamState(native.state()) }
        if problem != nil { return .closed(.usage) }
        return isStopped ? .closed(.cancelled) : .idle
    }

    /// The native stream, once there is one; fills `opened` when that may have changed.
    func native(opened: Once<Void>) -> NativeStream? {
        state.with { state in
            if state.native == nil { state.waiters.append(opened) }
            return state.native
        }
    }

    func pause() { setPaused { $0.isPaused = true } }

    func resume() { setPaused { $0.isPaused = false } }

    func reconnect() { state.with(\.native)?.reconnect() }

    func stop() {
        let (native, waiters) = state.with { state in
            state.isStopped = true
            defer { state.waiters = [] }
            return (state.native, state.waiters)
        }
        native?.stop()
        runs.cancel()
        for waiter in waiters { waiter.fill(()) }
    }

    private func setPaused(_ change: (inout State) -> Void) {
        let (native, isPaused) = state.with { state in
            change(&state)
            return (state.native, state.isPaused || state.isHeld)
        }
        if isPaused { native?.pause() } else { native?.resume() }
    }

    /// The native stream, made if there is none yet, and the number of the item that comes next.
    private func begin() throws -> (NativeStream, UInt64) {
        let (native, number, waiters) = try state.with { state in
            if state.isBeingRead { throw TidewireError.usage("another task reads this stream") }
            if let problem = state.problem { throw problem }
            let native = try state.native ?? open(&state)
            state.isBeingRead = true
            defer { state.waiters = [] }
            return (native, state.taken, state.waiters)
        }
        for waiter in waiters { waiter.fill(()) }
        return (native, number)
    }

    private func open(_ state: inout State) throws -> NativeStream {
        if state.isStopped { throw TidewireError.cancelled(stopped) }
        guard let reading = state.reading else { throw TidewireError.internal("nothing was chosen") }
        do {
            let settings = try options.settings(url: url, dialect: reading.dialect)
            let native = try client.open(reading.kind, settings, hooks())
            if state.isPaused || state.isHeld { native.pause() }
            state.native = native
            OpenStreams.add(self)
            return native
        } catch {
            state.problem = error
            throw error
        }
    }

    private func hooks() -> RequestHooks {
        let functions = options.prepare
        return RequestHooks(
            prepare: functions.isEmpty
                ? nil
                : Hook({ request in for function in functions { try await function(&request) } }, runs),
            refresh: options.refresh.map { Hook($0, runs) },
            resume: options.resumeWith.map { Hook($0, runs) }
        )
    }

    private func reply(_ native: NativeStream) -> String? {
        state.with(\.reading)?.kind == .reply ? native.message() : nil
    }

    /// Of a stream that was stopped before its first request.
    private var stopped: Tidewire.StreamResult {
        Tidewire.StreamResult(
            outcome: .cancelled,
            message: "the stream was stopped",
            lastEventId: options.lastEventId,
            stats: Tidewire.StreamStats(),
            reply: nil
        )
    }
}

extension Source: LifecycleStream {
    var inBackground: Tidewire.InBackground? { options.inBackground }

    func hold() { setPaused { $0.isHeld = true } }

    func release() { setPaused { $0.isHeld = false } }

    func check(away: Duration) {
        let native: NativeStream? = state.with(\.native)
        native?.check(awayMs: (try? milliseconds("away", away)) ?? 0)
    }
}
