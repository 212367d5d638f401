import Foundation
import Testing
@testable import Tidewire

extension AllTests {
    /// The life of an app, with a clock that the test moves.
    @Suite struct Lives {
        /// Notes what a lifecycle does with it.
        final class Noted: LifecycleStream {
            private let calls = Locked<[String]>([])

            func hold() { note("hold") }
            func release() { note("release") }
            func check(slept: Duration) { note("check \(slept.components.seconds)") }
            func reconnect() { note("reconnect") }
            func stop() { note("stop") }

            private func note(_ call: String) { calls.with { $0.append(call) } }

            var noted: String { calls.with { $0.joined(separator: ", ") } }
        }

        /// Each step is a word: `back`ground, `fore`ground, a number of seconds that pass, or a network (`none` for none).
        @Test(arguments: [
            ("back fore", "hold, release, check 0"),
            ("back 600 fore", "hold, release, check 600"),
            ("fore", ""),
            ("back 5 back 5 fore fore", "hold, release, check 10"),
            ("net:a", ""),
            ("net:a net:a", ""),
            ("net:a net:b", "reconnect"),
            ("net:a net:none", ""),
            ("net:a net:none net:a", "check 0"),
            ("net:a net:none net:b", "reconnect"),
            ("net:none net:a", ""),
            ("net:a net:b net:a", "reconnect, reconnect"),
            ("net:a back 20 net:b fore", "hold, release, reconnect"),
            ("net:a back 20 net:b net:none net:b fore", "hold, release, reconnect"),
            ("net:a back 20 net:none net:a fore", "hold, release, check 20"),
            ("net:a back 20 net:none fore net:a", "hold, release, check 20, check 0"),
            ("net:a back net:b fore back 3 fore", "hold, release, reconnect, hold, release, check 3"),
        ])
        func schedule(_ steps: String, does want: String) {
            let (stream, _) = run(steps, background: .pause)
            #expect(stream.noted == want)
        }

        @Test func theBackgroundIsAChoice() {
            #expect(run("back 9 fore", background: .stop).0.noted == "stop, release, check 9")
            #expect(run("back 9 fore", background: .keep).0.noted == "release, check 9")
        }

        private func run(_ steps: String, background: Tidewire.Lifecycle.Background) -> (Noted, Tidewire.Lifecycle) {
            let stream = Noted()
            let clock = Locked(Duration.zero)
            let life = Tidewire.Lifecycle(background: background, streams: { [stream] }, now: { clock.with { $0 } })
            for step in steps.split(separator: " ") {
                switch step {
                case "back": life.enterBackground()
                case "fore": life.enterForeground()
                case "net:none": life.network(nil)
                case _ where step.hasPrefix("net:"): life.network(String(step))
                default: clock.with { $0 += .seconds(Int(step) ?? 0) }
                }
            }
            return (stream, life)
        }

        /// Real streams through random schedules: nothing is lost, nothing comes twice, and no POST is sent again.
        @Test func streamsComeThroughRandomSchedules() async throws {
            try await Serve.run { serve in
                var random = Random(state: 7)
                let schedules = 200
                var (events, requests, slowest) = (0, 0, Duration.zero)
                for number in 0..<schedules {
                    let client = Tidewire.Client { $0.baseURL = serve.url }
                    let clock = Locked(Duration.zero)
                    let life = Tidewire.Lifecycle(background: .pause, streams: { client.streams.all }, now: { clock.with { $0 } })
                    let isPost = number % 4 == 0
                    let path = "/sse?ids=true&events=60&interval_ms=2&key=life\(number)-"
                    let stream = client.stream(path, isPost ? .post(jsonText: "{}") : .with { $0.retryDelay = .milliseconds(1) })
                    let taken = Locked<[String]>([])
                    let reader = Task { for try await event in stream where event.data != "[DONE]" { taken.with { $0.append(event.id) } } }
                    life.network("a")
                    for _ in 0..<random.below(4) {
                        try await Task.sleep(for: .milliseconds(random.below(12)))
                        switch random.below(3) {
                        case 0: if !isPost { life.network("net\(random.below(3))") }
                        case 1:
                            life.network(nil)
                            life.network("a")
                        default: break
                        }
                        life.enterBackground()
                        try await Task.sleep(for: .milliseconds(random.below(3)))
                        clock.with { $0 += .seconds(random.below(900)) }
                        let back = ContinuousClock.now
                        let before = taken.with { $0.count }
                        life.enterForeground()
                        try await until("the stream continues") {
                            taken.with { $0.count } > before || stream.outcome != nil ? true : nil
                        }
                        slowest = max(slowest, ContinuousClock.now - back)
                    }
                    try await reader.value
                    let ids = taken.with { $0 }.filter { !$0.isEmpty }
                    #expect(ids == (1...ids.count).map(String.init), "lost or twice: \(ids)")
                    #expect(ids.count >= 60)
                    events += ids.count
                    let sent = try await serve.requests(to: "life\(number)-").count
                    requests += sent
                    if isPost { #expect(sent == 1, "a POST was sent again") }
                }
                figure(
                    "\(schedules) random schedules of background and networks: 0 of \(events) events lost, 0 twice, \(requests) requests, no POST sent again; back within \(slowest.shown)"
                )
                #expect(slowest < .seconds(2))
            }
        }

        @Test func aStreamThatTheCallerPausedStaysPaused() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                let life = Tidewire.Lifecycle(client)
                let stream = client.stream("/sse?interval_ms=1&events=1000&ids=true")
                _ = try await stream.first(1)
                stream.pause()
                life.enterBackground()
                life.enterForeground()
                let taken = Locked(0)
                let reader = Task { for try await _ in stream { taken.with { $0 += 1 } } }
                try await Task.sleep(for: .milliseconds(50))
                let before = taken.with { $0 }
                try await Task.sleep(for: .milliseconds(100))
                #expect(taken.with { $0 } == before)
                life.enterBackground()
                stream.resume()
                try await Task.sleep(for: .milliseconds(100))
                #expect(taken.with { $0 } == before)
                life.enterForeground()
                try await until("it continues") { taken.with { $0 } > before ? true : nil }
                reader.cancel()
                _ = await reader.result
            }
        }
    }
}
