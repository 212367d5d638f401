import Foundation
import Testing
import Tidewire

extension AllTests {
    /// A stream reads no further than its consumer, and is controlled from any task or thread.
    @Suite struct Controls {
        @Test func nothingIsSentBeforeItIsAskedFor() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream("\(serve.url)/notify?interval_ms=0&key=cold")
                #expect(stream.state == .idle)
                #expect(stream.result == nil)
                try await Task.sleep(for: .milliseconds(50))
                #expect(try await serve.log().isEmpty)
                #expect(try await stream.all().count == 10)
                #expect(stream.outcome == .ended)
                #expect(stream.lastEventId == "10")
                #expect(stream.result?.stats.events == 10)
                // It is over.
                #expect(try await stream.all().isEmpty)
                #expect(try await serve.log().count == 1)
            }
        }

        @Test func aLaterLoopContinues() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream("\(serve.url)/notify?interval_ms=0")
                var ids: [String] = []
                for try await event in stream {
                    ids.append(event.id)
                    if ids.count == 3 { break }
                }
                #expect(stream.lastEventId == "3")
                do {
                    for try await event in stream {
                        ids.append(event.id)
                        if ids.count == 5 { throw Failure("mine") }
                    }
                } catch is Failure {}
                let events = stream.events()
                var iterator = events.makeAsyncIterator()
                while let event = try await iterator.next() { ids.append(event.id) }
                #expect(try await iterator.next() == nil)
                #expect(ids == (1...10).map(String.init))
                #expect(try await serve.log().count == 1)
            }
        }

        @Test func aStreamThatNobodyHoldsIsClosed() async throws {
            try await Serve.run { serve in
                for try await _ in Tidewire.stream("\(serve.url)/endless?key=dropped") { break }
                #expect(try await serve.end(of: "dropped") == "client_closed")
                do {
                    for try await _ in Tidewire.stream("\(serve.url)/endless?key=thrown") { throw Failure("mine") }
                } catch is Failure {}
                #expect(try await serve.end(of: "thrown") == "client_closed")
            }
        }

        @Test func aConsumerThatSleepsStopsTheServer() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream("\(serve.url)/endless?key=slow")
                let reader = Task { for try await _ in stream { try await Task.sleep(for: patience) } }
                var received = 0
                try await until("nothing more is read") {
                    let before = received
                    try await Task.sleep(for: .milliseconds(300))
                    received = stream.stats.bytes
                    return received > 0 && received == before ? true : nil
                }
                #expect(received < 200_000)
                figure("a consumer that sleeps: \(received) bytes were read of an endless body")
                stream.stop()
                #expect(try await serve.end(of: "slow") == "client_closed")
                reader.cancel()
                _ = await reader.result
            }
        }

        @Test func aPausedStreamReadsNothing() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream(
                    "\(serve.url)/sse?interval_ms=5&events=100&key=paused", .with { $0.idleTimeout = .milliseconds(200) })
                stream.pause()
                let taken = Locked(0)
                let reader = Task { for try await _ in stream { taken.with { $0 += 1 } } }
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await serve.log().isEmpty)
                stream.resume()
                try await until("two events") { taken.with { $0 } >= 2 ? true : nil }
                stream.pause()
                try await Task.sleep(for: .milliseconds(50))
                let before = taken.with { $0 }
                try await Task.sleep(for: .milliseconds(400))
                #expect(taken.with { $0 } == before)
                stream.resume()
                try await reader.value
                #expect(taken.with { $0 } == 100)
                #expect(stream.outcome == .ended)
            }
        }

        @Test func aStreamIsConnectedAgain() async throws {
            try await Serve.run { serve in
                let reasons = Locked<[String]>([])
                let stream = Tidewire.stream(
                    "\(serve.url)/stall?interval_ms=0&ids=true&key=again",
                    .with { $0.onAttempt = { attempt in reasons.with { $0.append(attempt.reason ?? "") } } })
                let reader = Task { for try await _ in stream {} }
                try await until("four events") { stream.stats.events == 4 ? true : nil }
                stream.reconnect()
                try await until("two requests") { try await serve.log().count == 2 ? true : nil }
                reader.cancel()
                _ = await reader.result
                #expect(reasons.with { $0 }.contains("kick"))
            }
        }

        @Test func stoppingClosesTheSocket() async throws {
            try await Serve.run { serve in
                var times: [Duration] = []
                for round in 0..<20 {
                    let stream = Tidewire.stream("\(serve.url)/stall?interval_ms=0&key=stop\(round)-")
                    let reader = Task { try await failure(of: stream) }
                    try await until("four events") { stream.stats.events == 4 ? true : nil }
                    let start = ContinuousClock.now
                    await withCheckedContinuation { done in
                        Thread.detachNewThread {
                            stream.stop()
                            done.resume()
                        }
                    }
                    #expect(try await serve.end(of: "stop\(round)-") == "client_closed")
                    times.append(ContinuousClock.now - start)
                    #expect(try await reader.value.code == "cancelled")
                    #expect(stream.outcome == .cancelled)
                }
                times.sort()
                figure(
                    "stop → the server sees the socket closed, its log read over HTTP included: median \(times[10].shown), worst \(times[19].shown)"
                )
                #expect(times[10] < .seconds(1))
            }
        }

        @Test func afterStoppingEverythingIsATypedErrorOrDoesNothing() async throws {
            try await Serve.run { serve in
                for isRead in [true, false] {
                    let stream = Tidewire.stream("\(serve.url)/stall?interval_ms=0&key=stopped")
                    if isRead { _ = try await stream.first(4) }
                    stream.stop()
                    stream.stop()
                    stream.pause()
                    stream.resume()
                    stream.reconnect()
                    #expect(try await failure(of: stream).code == "cancelled")
                    #expect(try await failure(of: stream.events().continuing()).code == "cancelled")
                    #expect(stream.outcome == .cancelled)
                    #expect(await stream.states.all() == [.closed(.cancelled)])
                    #expect(stream.stats.events >= (isRead ? 4 : 0))
                }
                let client = Tidewire.Client()
                client.close()
                client.close()
                #expect(try await failure(of: client.stream(serve.url)).code == "usage")
                let decoder = try Tidewire.Decoder()
                _ = decoder.finish()
                #expect(decoder.push(Data([1])).isEmpty)
            }
        }

        @Test func aClosedClientLeavesItsStreamsAlone() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                let stream = client.stream("/sse?interval_ms=2&events=50")
                var count = 0
                for try await _ in stream {
                    if count == 0 { client.close() }
                    count += 1
                }
                #expect(count == 50)
                #expect(stream.outcome == .ended)
            }
        }

        @Test func oneReaderAtATimeWhateverTasks() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream("\(serve.url)/stall?interval_ms=0&ids=true")
                let reader = Task { for try await _ in stream.events().continuing() {} }
                try await until("four events") { stream.lastEventId == "4" ? true : nil }
                try await Task.sleep(for: .milliseconds(10))
                #expect(try await failure(of: stream).code == "usage")
                reader.cancel()
                _ = await reader.result
                #expect(try await failure(of: stream.texts()).code == "usage", "it is read as events")
                // Each of many tasks does whatever it likes.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        group.addTask {
                            for round in 0..<100 {
                                switch (round + task) % 6 {
                                case 0: stream.pause()
                                case 1: stream.resume()
                                case 2: stream.reconnect()
                                case 3: _ = stream.stats
                                case 4: _ = stream.lastEventId
                                default:
                                    do { _ = try await stream.first(1) } catch let busy as TidewireError { #expect(busy.code == "usage") }
                                }
                                stream.resume()
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                stream.stop()
            }
        }

        @Test func statesAreTold() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream(
                    "\(serve.url)/flaky?interval_ms=1&events=30&key=states", .with { $0.retryDelay = .milliseconds(50) })
                let states = Task { await stream.states.all() }
                try await Task.sleep(for: .milliseconds(20))
                _ = try await stream.all()
                let told = await states.value
                #expect(told.first == .idle)
                #expect(told.last == .closed(.complete))
                #expect(told.contains(.open), "\(told)")
                #expect(await stream.states.all() == [.closed(.complete)])
            }
        }

        @Test func waitingForStatesCanBeCancelledAndKeepsNothingOpen() async throws {
            try await Serve.run { serve in
                let idle = Tidewire.stream(serve.url)
                let waits = Task { await idle.states.all() }
                try await Task.sleep(for: .milliseconds(10))
                waits.cancel()
                #expect(await waits.value == [.idle])
                var stream: Tidewire.Stream? = Tidewire.stream("\(serve.url)/stall?interval_ms=0&key=states")
                _ = try await stream?.first(4)
                let (states, others) = (stream?.states, stream?.states)
                let cancelled = Task { await states?.all().last }
                let told = Task { await others?.all().last }
                try await Task.sleep(for: .milliseconds(10))
                cancelled.cancel()
                #expect(await cancelled.value == .open)
                stream = nil
                #expect(try await serve.end(of: "states") == "client_closed")
                #expect(await told.value == .closed(.cancelled))
            }
        }

        @Test func slotsAreSharedByTheStreamsOfAClient() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client {
                    $0.baseURL = serve.url
                    $0.maxConcurrent = 1
                    $0.queueTimeout = .milliseconds(50)
                }
                let first = client.stream("/stall?interval_ms=0")
                _ = try await first.first(4)
                let second = client.stream("/notify?interval_ms=0")
                let queued = try await failure(of: second)
                #expect(queued.code == "timed_out")
                #expect(queued.result?.timeout == "queue")
                first.stop()
                #expect(try await client.stream("/notify?interval_ms=0").all().count == 10)
            }
        }

        @Test func aRefusalCarriesWhatTheServerSaid() async throws {
            try await Serve.run { serve in
                do {
                    for try await _ in Tidewire.stream("\(serve.url)/auth") {}
                } catch TidewireError.refused(let result) {
                    #expect(result.status == 401)
                    #expect(result.header("Content-Type") != nil)
                    #expect(result.body?.isEmpty == false)
                    #expect(result.message.contains("401"))
                    return
                }
                Issue.record("it was not refused")
            }
        }

        @Test func mistakesAreNamedBeforeAnythingIsSent() async throws {
            struct Unwritable: Encodable {
                func encode(to encoder: any Encoder) throws { throw Failure("mine") }
            }
            try await Serve.run { serve in
                func mistake(_ url: String = serve.url, _ request: Tidewire.Request = .get) async throws -> TidewireError {
                    try await failure(of: Tidewire.stream(url, request).frames())
                }
                for (mistake, said) in [
                    (try await mistake("localhost:80/x"), "http"),
                    (try await mistake(serve.url, .with { $0.dialect = Tidewire.Dialect("gpt") }), "openai-chat"),
                    (try await mistake(serve.url, .with { $0.method = "a b" }), "method"),
                    (try await mistake(serve.url, .post(jsonText: "{")), "JSON"),
                    (try await mistake(serve.url, .post(json: Unwritable())), "mine"),
                    (try await mistake(serve.url, .with { $0.endOn = ["json:="] }), "json:PATH=VALUE"),
                    (try await mistake(serve.url, .with { $0.header("a b", "") }), "a b"),
                    (try await mistake(serve.url, .post(json: 1).with { $0.body(Data()) }), "one body"),
                    (try await mistake(serve.url, .with { $0.timeout = .milliseconds(-1) }), "timeout"),
                    (try await mistake(serve.url, .with { $0.retryDelay = .seconds(Int64.max) }), "retryDelay"),
                    (try await mistake(serve.url, .with { $0.retryAttempts = -1 }), "retryAttempts"),
                ] {
                    #expect(mistake.code == "usage")
                    #expect(mistake.message.contains(said), "\(mistake)")
                }
                #expect(try await serve.log().isEmpty)
            }
        }
    }
}

extension AsyncSequence where Self == Tidewire.States {
    fileprivate func all() async -> [Tidewire.StreamState] {
        var all: [Tidewire.StreamState] = []
        for await state in self { all.append(state) }
        return all
    }
}
