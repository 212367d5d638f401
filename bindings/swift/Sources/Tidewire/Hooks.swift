import Foundation
internal import TidewireFFI

extension Tidewire {
    /// The request of one attempt, as it would be sent, for a function that looks at it and changes it.
    public struct AttemptRequest: Sendable {
        /// Which attempt of the stream it is, from 1.
        public let attempt: Int

        /// Why it is made; `nil` for the first. See ``Attempt/reason``.
        public let reason: String?

        /// The cursor from which the stream continues.
        public let cursor: String?

        /// The method.
        public var method: String {
            didSet { newMethod = method }
        }

        /// The URL with its query. A relative one is resolved against the present one.
        public var url: String {
            didSet { newURL = url }
        }

        /// The body; `nil` takes it away.
        public var body: Data? {
            didSet { hasNewBody = true }
        }

        /// The headers, those included that the client adds.
        public private(set) var headers: [Header]

        /// The value of a header.
        public func header(_ name: String) -> String? {
            headers.first { $0.name.caseInsensitiveCompare(name) == .orderedSame }?.value
        }

        /// Sets a header, in place of those of the same name.
        public mutating func setHeader(_ name: String, _ value: String) {
            let header = Header(name: name, value: value)
            headers.removeAll { $0.name.caseInsensitiveCompare(name) == .orderedSame }
            headers.append(header)
            newHeaders.removeAll { $0.name.caseInsensitiveCompare(name) == .orderedSame }
            newHeaders.append(header)
        }

        private var newMethod: String?
        private var newURL: String?
        private var newHeaders: [Header] = []
        private var hasNewBody = false

        init(_ view: RequestView) {
            attempt = Int(view.attempt)
            reason = view.reason
            cursor = view.cursor
            method = view.method
            url = view.url
            body = view.body
            headers = view.headers.map { Header(name: $0.name, value: $0.value) }
        }

        var changes: RequestChanges {
            RequestChanges(
                method: newMethod,
                url: newURL,
                headers: newHeaders.map(native),
                body: hasNewBody ? body : nil,
                clearBody: hasNewBody && body == nil
            )
        }
    }
}

/// A function of the caller. The native library calls it on a thread of its own, which waits for it.
final class Hook: RequestHook {
    private let function: Tidewire.RequestFunction
    private let runs: HookRuns

    init(_ function: @escaping Tidewire.RequestFunction, _ runs: HookRuns) {
        self.function = function
        self.runs = runs
    }

    func change(request: RequestView) throws -> RequestChanges {
        let made = Locked<Result<RequestChanges, any Error>?>(nil)
        runs.run { [function] in
            var attempt = Tidewire.AttemptRequest(request)
            do {
                try await function(&attempt)
                let changes = attempt.changes
                made.with { $0 = .success(changes) }
            } catch {
                made.with { $0 = .failure(error) }
            }
        }
        switch made.with({ $0 }) {
        case .success(let changes): return changes
        case .failure(let error): throw HookError.Failed(reason: reason(error))
        case nil: throw HookError.Failed(reason: "the stream is over")
        }
    }

    private func reason(_ error: any Error) -> String {
        (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
    }
}

/// The calls of a stream's functions that are under way. They are cancelled when the stream is over.
final class HookRuns: Sendable {
    private struct State {
        var isOver = false
        var next = 0
        var tasks: [Int: Task<Void, Never>] = [:]
    }

    private let state = Locked(State())

    /// Runs a function to its end, while this thread waits.
    func run(_ function: @escaping @Sendable () async -> Void) {
        if #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) {
            // On this thread, so that a function that blocks it takes none of the few threads of Swift's tasks.
            let thread = HookThread()
            track {
                Task(executorPreference: thread) {
                    await function()
                    thread.finish()
                }
            } wait: {
                thread.run()
            }
        } else {
            let done = DispatchSemaphore(value: 0)
            track {
                Task.detached {
                    await function()
                    done.signal()
                }
            } wait: {
                done.wait()
            }
        }
    }

    func cancel() {
        let tasks = state.with { state in
            state.isOver = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    private func track(_ start: () -> Task<Void, Never>, wait: () -> Void) {
        let task = start()
        let (number, isOver) = state.with { state in
            state.next += 1
            state.tasks[state.next] = task
            return (state.next, state.isOver)
        }
        if isOver { task.cancel() }
        wait()
        state.with { _ = $0.tasks.removeValue(forKey: number) }
    }
}

/// Runs the parts of one task on the thread that calls `run`.
@available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
final class HookThread: TaskExecutor, Sendable {
    private struct State {
        var jobs: [UnownedJob] = []
        var isOver = false
    }

    private let state = Locked(State())
    private let wake = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.with { $0.jobs.append(job) }
        wake.signal()
    }

    func finish() {
        state.with { $0.isOver = true }
        wake.signal()
    }

    func run() {
        while true {
            wake.wait()
            let (jobs, isOver) = state.with { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isOver)
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if isOver, jobs.isEmpty { return }
        }
    }
}

/// The functions that hear the notices of a stream.
struct Notices: Sendable {
    let options: Tidewire.Options

    var hearsBadRecords: Bool { options.onBadRecord != nil }

    func hear(_ notice: Tidewire.Frame) async throws {
        switch notice {
        case .attempt(let attempt): try await options.onAttempt?(attempt)
        case .stall(let stall): try await options.onStall?(stall)
        case .gap(let gap): try await options.onGap?(gap)
        case .replayed(let replayed): try await options.onReplayed?(replayed)
        case .badRecord(let record): try await options.onBadRecord?(record)
        case .event, .record, .text, .delta, .comment, .retry: break
        }
    }
}
