import Foundation
import Testing
import Tidewire

extension AllTests {
    /// No event is lost and none is delivered twice, whenever a task is cancelled.
    @Suite struct Cancellation {
        private let rounds = isLong ? 10_000 : 1000

        struct Numbered: Decodable {
            let index: String
        }

        /// Events that are numbered from 0, as they are taken.
        actor Taken {
            private(set) var next = 0
            private(set) var wrong = 0

            func take(_ event: Tidewire.Event) throws {
                guard let number = Int(try event.json(Numbered.self).index) else { throw Failure("no number") }
                if number != next { wrong += 1 }
                next = number + 1
            }

            /// A loop in the isolation of an actor.
            func read(_ stream: Tidewire.Stream, pauses: Duration?) async throws {
                for try await event in stream.events().continuing() {
                    try take(event)
                    if let pauses { try? await Task.sleep(for: pauses) } else if next % 64 == 0 { await Task.yield() }
                }
            }
        }

        /// Cancels the tasks that read one stream until there were so many cancellations.
        private func cancel(_ what: String, path: String, pauses: Duration? = nil, inActor: Bool = false) async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                let stream = client.stream(path)
                let taken = Taken()
                @Sendable func read() async throws {
                    if inActor { return try await taken.read(stream, pauses: pauses) }
                    for try await event in stream.events().continuing() {
                        try await taken.take(event)
                        if let pauses { try? await Task.sleep(for: pauses) }
                    }
                }
                var random = Random(state: 13)
                var (others, slowest) = (0, Duration.zero)
                for _ in 0..<rounds {
                    let reader = Task { try await read() }
                    try await pause(&random)
                    let start = ContinuousClock.now
                    reader.cancel()
                    if case .failure(let error) = await reader.result, !(error is CancellationError) { others += 1 }
                    slowest = max(slowest, ContinuousClock.now - start)
                }
                // What is there after the last cancellation.
                let before = await taken.next
                let last = Task { try await read() }
                try await until("a thousand more events") { await taken.next >= before + (pauses == nil ? 1000 : 100) ? true : nil }
                last.cancel()
                _ = await last.result
                stream.stop()
                _ = try await failure(of: stream)
                #expect(await taken.wrong == 0, "events were lost or delivered twice")
                #expect(others == 0, "a loop ended with another error")
                #expect(stream.outcome == .cancelled)
                #expect(try await serve.ended().count == 1)
                figure("\(what): \(rounds) cancellations, \(await taken.next) events, 0 lost, 0 twice; the slowest took \(slowest.shown)")
            }
        }

        /// A random time, often none.
        private func pause(_ random: inout Random) async throws {
            switch random.below(4) {
            case 0: await Task.yield()
            case 1: try await Task.sleep(for: .milliseconds(random.below(3)))
            default:
                let until = ContinuousClock.now + .nanoseconds(random.below(300_000))
                while ContinuousClock.now < until {}
            }
        }

        @Test func tasksThatWait() async throws {
            try await cancel("tasks that wait for events", path: "/endless?interval_ms=1")
        }

        @Test func tasksThatAreDelivering() async throws {
            try await cancel("tasks that get events as fast as they come", path: "/endless?interval_ms=0")
        }

        @Test func tasksSlowerThanTheServer() async throws {
            // The server could send ten times as much in this time, and more.
            try await cancel("tasks slower than the server", path: "/endless?interval_ms=0", pauses: .microseconds(50))
        }

        @Test func tasksInAnActor() async throws {
            try await cancel("tasks in an actor", path: "/endless?interval_ms=1", inActor: true)
        }

        /// A cancelled task closes the connection. What was read stays, and another stream continues after it.
        @Test func aCancelledStreamIsContinuedByAnother() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                var random = Random(state: 13)
                let taken = Locked(0)
                let wrong = Locked(0)
                var (streams, leftOver) = (0, 0)
                var cursor: String?
                @Sendable func take(_ event: Tidewire.Event) {
                    let number = Int(event.id) ?? -1
                    if number != taken.with({ $0 }) + 1 { wrong.with { $0 += 1 } }
                    taken.with { $0 = number }
                }
                let all = isLong ? 3000 : 300
                while taken.with({ $0 }) < all {
                    streams += 1
                    let before = taken.with { $0 }
                    let stream = client.stream(
                        "/sse?ids=true&events=\(all)&interval_ms=\(random.below(2))",
                        .with { [cursor] in
                            $0.lastEventId = cursor
                            $0.endOn = []
                        })
                    let isOver = Locked(false)
                    let reader = Task {
                        defer { isOver.with { $0 = true } }
                        for try await event in stream { take(event) }
                    }
                    // Most of them get an event first; the others are cancelled while they connect or wait.
                    if random.below(4) > 0 {
                        try await until("an event") { taken.with { $0 } > before || isOver.with { $0 } ? true : nil }
                    }
                    try await Task.sleep(for: .milliseconds(random.below(4)))
                    reader.cancel()
                    _ = await reader.result
                    if random.below(2) == 0, stream.outcome == .cancelled {
                        // What was read and not taken.
                        do {
                            for try await event in stream {
                                take(event)
                                leftOver += 1
                            }
                        } catch TidewireError.cancelled {}
                    }
                    cursor = stream.lastEventId ?? cursor
                    if Int(cursor ?? "0") != taken.with({ $0 }) { wrong.with { $0 += 1 } }
                }
                #expect(wrong.with { $0 } == 0, "events were lost or delivered twice")
                #expect(streams > 1, "nothing was cancelled")
                _ = try await serve.ended()
                figure(
                    "\(streams) streams, each cancelled and continued by the next: 0 of \(taken.with { $0 }) events lost, 0 twice; \(leftOver) came after the cancellation"
                )
            }
        }

        @Test func aCancelledTaskClosesItsSocket() async throws {
            try await Serve.run { serve in
                var times: [Duration] = []
                for round in 0..<20 {
                    let stream = Tidewire.stream("\(serve.url)/stall?interval_ms=0&key=cancel\(round)-")
                    let reader = Task { for try await _ in stream {} }
                    try await until("four events") { stream.stats.events == 4 ? true : nil }
                    let start = ContinuousClock.now
                    reader.cancel()
                    #expect(try await serve.end(of: "cancel\(round)-") == "client_closed")
                    times.append(ContinuousClock.now - start)
                    await #expect(throws: CancellationError.self) { try await reader.value }
                    #expect(stream.outcome == .cancelled)
                }
                times.sort()
                figure(
                    "Task.cancel → the server sees the socket closed, its log read over HTTP included: median \(times[10].shown), worst \(times[19].shown)"
                )
                #expect(times[10] < .seconds(1))
            }
        }
    }
}

/// Numbers that are the same in each run (SplitMix64).
struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
