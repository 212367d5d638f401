import Foundation
import Testing
@testable import Tidewire

extension AllTests {
    /// The life of an app, with a clock that the test moves.
    @Suite struct Lives {
        /// Notes what a lifecycle does with it.
        final class Noted: LifecycleStream {
            let inBackground: Tidewire.InBackground?
            private let calls = Locked<[String]>([])

            init(_ inBackground: Tidewire.InBackground?) {
                self.inBackground = inBackground
            }

            func hold() { note("hold") }
            func release() { note("release") }
            func check(away: Duration) { note("check \(away.components.seconds)") }
            func reconnect() { note("reconnect") }
            func stop() { note("stop") }

            private func note(_ call: String) { calls.with { $0.append(call) } }

            var noted: String { calls.with { $0.joined(separator: ", ") } }
        }

        /// Each step is a word: a scene is hidden (`-`) or shown (`+`), a number of seconds pass, a network is used or lost (`@`).
        @Test(arguments: [
            ("-a +a", "hold, release, check 0"),
            ("-a 600 +a", "hold, release, check 600"),
            ("+a", ""),
            ("-a 5 -a 5 +a +a", "hold, release, check 10"),
            ("+a +b -a", ""),
            ("+a +b -a -b 7 +b", "hold, release, check 7"),
            ("@wifi", ""),
            ("@wifi @wifi", ""),
            ("@wifi @cell", "reconnect"),
            ("@wifi @", ""),
            ("@wifi @ @wifi", "reconnect"),
            ("@wifi @ @cell", "reconnect"),
            ("@wifi @cell @wifi", "reconnect, reconnect"),
            ("@wifi -a 20 @cell +a", "hold, release, reconnect"),
            ("@wifi -a 20 @ +a @wifi", "hold, release, check 20, reconnect"),
            ("@wifi -a @cell +a -a 3 +a", "hold, release, reconnect, hold, release, check 3"),
        ])
        func schedule(_ steps: String, does want: String) {
            #expect(run(steps) == want)
        }

        @Test func theBackgroundIsAChoice() {
            let steps = "@wifi -a 9 +a @cell"
            #expect(run(steps, inBackground: .stop) == "stop, release, check 9, reconnect")
            #expect(run(steps, inBackground: .continue) == "release, check 9, reconnect")
            #expect(run(steps, inBackground: .ignore) == "release")
            // The request's own choice counts more.
            #expect(run(steps, inBackground: .stop, own: .continue) == "release, check 9, reconnect")
        }

        private func run(_ steps: String, inBackground: Tidewire.InBackground = .pause, own: Tidewire.InBackground? = nil) -> String {
            let stream = Noted(own)
            let clock = Locked(Duration.zero)
            let life = Tidewire.Lifecycle(inBackground: inBackground, streams: { [stream] }, now: { clock.with { $0 } })
            for step in steps.split(separator: " ") {
                let name = String(step.dropFirst())
                switch step.first {
                case "-": life.hidden(name)
                case "+": life.shown(name)
                case "@": if name.isEmpty { life.networkLost() } else { life.networkAvailable(name) }
                default: clock.with { $0 += .seconds(Int(step) ?? 0) }
                }
            }
            return stream.noted
        }

        /// Real streams through random schedules of background, networks, dead connections and restarts of the server: nothing is lost,
        /// nothing comes twice, and no POST is sent again.
        @Test func streamsComeThroughRandomSchedules() async throws {
            try await Serve.run { serve in
                let proxy = try Proxy(serve.url)
                defer { proxy.stop() }
                let client = Tidewire.Client { $0.baseURL = proxy.url }
                var random = Random(state: 7)
                let schedules = 200
                var (events, absences, dead, slowest) = (0, 0, 0, Duration.zero)
                for number in 0..<schedules {
                    let clock = Locked(Duration.zero)
                    let life = Tidewire.Lifecycle(inBackground: .pause, streams: { OpenStreams.all }, now: { clock.with { $0 } })
                    let isPost = number % 4 == 0
                    let path = "/sse?ids=true&events=60&interval_ms=2&key=life\(number)-"
                    let stream = client.stream(path, isPost ? .post(jsonText: "{}") : .with { $0.retryDelay = .milliseconds(1) })
                    let taken = Locked<[String]>([])
                    let reader = Task { for try await event in stream where event.data != "[DONE]" { taken.with { $0.append(event.id) } } }
                    life.networkAvailable("wifi")
                    for _ in 0..<random.below(4) {
                        try await Task.sleep(for: .milliseconds(random.below(20)))
                        life.hidden()
                        clock.with { $0 += .seconds(random.below(900)) }
                        // What happens in the meantime. Nobody can save a POST whose connection dies.
                        switch random.below(isPost ? 3 : 5) {
                        case 0: life.networkAvailable("cell\(random.below(3))")
                        case 1: life.networkLost()
                        case 2: break
                        case 3: proxy.restart()
                        default:
                            proxy.silence()
                            dead += 1
                            clock.with { $0 += .seconds(600) }
                        }
                        try await Task.sleep(for: .milliseconds(random.below(3)))
                        let (before, back) = (taken.with { $0.count }, ContinuousClock.now)
                        life.shown()
                        life.networkAvailable("wifi")
                        try await until("the stream continues") { taken.with { $0.count } > before || stream.outcome != nil ? true : nil }
                        slowest = max(slowest, ContinuousClock.now - back)
                        absences += 1
                    }
                    try await reader.value
                    let ids = taken.with { $0 }
                    let inOrder = numbers(ids.count)
                    #expect(ids == inOrder, "schedule \(number): lost or twice: \(ids)")
                    #expect(ids.count >= 60)
                    events += ids.count
                    if isPost {
                        let sent = try await serve.requests(to: "life\(number)-").count
                        #expect(sent == 1, "a POST was sent again")
                    }
                }
                figure(
                    "\(schedules) schedules with \(absences) absences, \(dead) dead connections: 0 of \(events) events lost, 0 twice, no POST sent again; back within \(slowest.shown)"
                )
                #expect(slowest < .seconds(isLong ? 2 : 4))
            }
        }

        @Test func aConnectionThatDiedInTenMinutesOfSleepIsNoticed() async throws {
            try await Serve.run { serve in
                let proxy = try Proxy(serve.url)
                defer { proxy.stop() }
                let clock = Locked(Duration.zero)
                let life = Tidewire.Lifecycle(inBackground: .pause, streams: { OpenStreams.all }, now: { clock.with { $0 } })
                let stream = Tidewire.stream("\(proxy.url)/sse?ids=true&events=100&interval_ms=10")
                let taken = Locked<[String]>([])
                let reader = Task { for try await event in stream where event.data != "[DONE]" { taken.with { $0.append(event.id) } } }
                try await until("ten events") { taken.with { $0.count } >= 10 ? true : nil }
                life.hidden()
                proxy.silence()
                clock.with { $0 += .seconds(600) }
                try await Task.sleep(for: .milliseconds(50))
                let (before, back) = (taken.with { $0.count }, ContinuousClock.now)
                life.shown()
                try await until("the stream continues") { taken.with { $0.count } > before + 20 ? true : nil }
                let time = ContinuousClock.now - back
                try await reader.value
                let ids = taken.with { $0 }
                #expect(ids == numbers(100))
                figure("ten minutes of sleep and a dead connection: the next events came after \(time.shown)")
                #expect(time < .seconds(3))
            }
        }

        @Test func aStreamThatTheCallerPausedStaysPaused() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                let life = Tidewire.Lifecycle()
                let stream = client.stream("/sse?interval_ms=1&events=1000&ids=true")
                _ = try await stream.first(1)
                stream.pause()
                life.hidden()
                life.shown()
                let taken = Locked(0)
                let reader = Task { for try await _ in stream { taken.with { $0 += 1 } } }
                try await Task.sleep(for: .milliseconds(50))
                let before = taken.with { $0 }
                try await Task.sleep(for: .milliseconds(100))
                #expect(taken.with { $0 } == before)
                life.hidden()
                stream.resume()
                try await Task.sleep(for: .milliseconds(100))
                #expect(taken.with { $0 } == before)
                life.shown()
                try await until("it continues") { taken.with { $0 } > before ? true : nil }
                reader.cancel()
                _ = await reader.result
            }
        }
    }
}

/// From 1, as ids.
private func numbers(_ count: Int) -> [String] {
    var numbers: [String] = []
    for number in 0..<count { numbers.append(String(number + 1)) }
    return numbers
}
