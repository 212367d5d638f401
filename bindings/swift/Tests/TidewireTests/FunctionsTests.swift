import Foundation
import Testing
import Tidewire

extension AllTests {
    /// The caller's functions: those that make requests, and those that hear notices.
    @Suite struct Functions {
        @Test func headersAreMadeForEachAttempt() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream(
                    "\(serve.url)/flaky?interval_ms=0&events=30&key=headers",
                    .with {
                        $0.retryDelay = .milliseconds(1)
                        $0.headers { request in
                            try await Task.sleep(for: .milliseconds(1))
                            return ["x-attempt": "\(request.attempt) \(request.cursor ?? "none")"]
                        }
                        // Later functions see what earlier ones have set.
                        $0.prepare { $0.setHeader("x-signed", "\($0.method) \($0.header("X-Attempt") ?? "")") }
                    })
                _ = try await stream.all()
                let sent = try await serve.log().map(\.headers)
                #expect(sent.count > 1)
                #expect(sent.first?["x-signed"] == "GET 1 none")
                for (at, headers) in sent.enumerated() { #expect(headers["x-attempt"]?.hasPrefix("\(at + 1) ") == true) }
            }
        }

        @Test func aTokenIsRenewedAfterA401() async throws {
            try await Serve.run { serve in
                let renewed = Locked(0)
                let stream = Tidewire.stream(
                    "\(serve.url)/auth?interval_ms=0",
                    .with {
                        $0.refresh { request in
                            renewed.with { $0 += 1 }
                            request.setHeader("authorization", "Bearer fresh")
                        }
                    })
                _ = try await stream.all()
                #expect(stream.outcome == .complete)
                #expect(renewed.with { $0 } == 1)
            }
        }

        @Test func aFunctionMakesTheRequestThatContinues() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream(
                    "\(serve.url)/notify?interval_ms=0&cut_at=100",
                    .post(jsonText: "{}").with {
                        $0.retryDelay = .milliseconds(1)
                        $0.resume { request in
                            request.method = "GET"
                            request.url = "/notify?interval_ms=0&last_event_id=\(request.cursor ?? "")"
                            request.body = nil
                        }
                    })
                let ids = try await stream.all().map(\.id)
                #expect(ids == (1...10).map(String.init))
                #expect(stream.outcome == .ended)
            }
        }

        @Test func aFunctionThatThrowsIsAnAttemptThatDidNotConnect() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream(
                    "\(serve.url)/notify",
                    .with {
                        $0.retryAttempts = 0
                        $0.prepare { _ in throw Failure("no token") }
                    })
                let end = try await failure(of: stream)
                #expect(end.code == "unreachable")
                #expect(end.message.contains("no token"), "\(end)")
                #expect(try await serve.log().isEmpty)
            }
        }

        @Test func aFunctionThatSleepsDelaysItsOwnStreamAlone() async throws {
            try await Serve.run { serve in
                let ended = Locked(0)
                let sleeping = Tidewire.stream(
                    "\(serve.url)/notify?key=sleeps",
                    .with {
                        $0.prepare { _ in
                            defer { ended.with { $0 += 1 } }
                            try await Task.sleep(for: patience)
                        }
                    })
                let reader = Task { for try await _ in sleeping {} }
                // More than there are threads for tasks.
                let blocked = (0..<8).map { _ in
                    let stream = Tidewire.stream(
                        "\(serve.url)/notify?interval_ms=0", .with { $0.prepare { _ in block(for: 2) } })
                    return Task { try await stream.all().count }
                }
                try await Task.sleep(for: .milliseconds(100))
                let start = ContinuousClock.now
                #expect(try await Tidewire.stream("\(serve.url)/notify?interval_ms=0").all().count == 10)
                let time = ContinuousClock.now - start
                figure("a stream beside nine whose functions sleep: \(time.shown)")
                #expect(time < .seconds(1))
                reader.cancel()
                _ = await reader.result
                try await until("the function has ended") { ended.with { $0 } == 1 ? true : nil }
                #expect(try await serve.requests(to: "sleeps").isEmpty)
                for task in blocked { #expect(try await task.value == 10) }
            }
        }

        @Test func noticesAreHeardInTheTaskThatReads() async throws {
            enum Local { @TaskLocal static var name = "none" }
            try await Serve.run { serve in
                let names = Locked<[String]>([])
                let stream = Tidewire.stream(
                    "\(serve.url)/stall?interval_ms=0&silence_ms=300",
                    .with {
                        $0.stallAfter = .milliseconds(50)
                        $0.onAttempt = { _ in
                            try await Task.sleep(for: .milliseconds(1))
                            names.with { $0.append("attempt " + Local.name) }
                        }
                        $0.onStall = { _ in names.with { $0.append("stall " + Local.name) } }
                    })
                try await Local.$name.withValue("reader") { _ = try await stream.all() }
                #expect(Set(names.with { $0 }) == ["attempt reader", "stall reader"])
            }
        }

        @Test func aNoticeThatThrowsEndsTheLoop() async throws {
            try await Serve.run { serve in
                let stream = Tidewire.stream(
                    "\(serve.url)/notify?interval_ms=0", .with { $0.onAttempt = { _ in throw Failure("mine") } })
                await #expect(throws: Failure.self) { _ = try await stream.all() }
                // The next one continues.
                let count = try await stream.all().count
                #expect(count == 10)
            }
        }

        struct Wrong: Decodable { let none: Int }
        struct Row: Decodable { let index: Int? }

        @Test func recordsAreReadAsTheCallersType() async throws {
            try await Serve.run { serve in
                let url = "\(serve.url)/ndjson?interval_ms=0&events=4"
                let request = Tidewire.Request.with { $0.endOn = ["json:done=true"] }
                #expect(try await Tidewire.stream(url, request).records(Row.self).all().count == 5)
                let wrong = Tidewire.stream(url, request).records(Wrong.self)
                let mismatch = try await failure(of: wrong)
                #expect(mismatch.code == "bad_record")
                #expect(mismatch.message.contains("none"), "\(mismatch)")
                var mismatches = 1
                while true {
                    do { if try await wrong.all().isEmpty { break } } catch TidewireError.badRecord { mismatches += 1 }
                }
                #expect(mismatches == 5)
                let heard = Locked<[String]>([])
                let hearing = request.with { $0.onBadRecord = { record in heard.with { $0.append(record.code) } } }
                #expect(try await Tidewire.stream(url, hearing).records(Wrong.self).all().isEmpty)
                #expect(heard.with { $0 } == Array(repeating: "bad_record", count: 5))
            }
        }

        @Test func aReplyAddsUpToItsMessage() async throws {
            try await Serve.run { serve in
                let url = "\(serve.url)/llm?dialect=anthropic&interval_ms=0"
                let stream = Tidewire.stream(url, .post(json: ["model": "m"]))
                let text = try await stream.deltas().all().compactMap(\.text).joined()
                guard let reply = stream.result?.reply else { throw Failure("no reply") }
                #expect(!text.isEmpty)
                #expect(reply.content == text)
                #expect(reply.finish == "tool_calls")
                #expect(reply.dialect == .anthropic)
                #expect(!reply.toolCalls.isEmpty)
                for call in reply.toolCalls {
                    #expect(!call.name.isEmpty && call.isJSON)
                    _ = try call.arguments(JSON.self)
                }
                #expect((reply.usage?.outputTokens ?? 0) > 0)
                #expect(try JSON.of(reply.json) != .null)
                let texts = Tidewire.stream(url, .post(json: ["model": "m"])).texts(dialect: .auto)
                #expect(try await texts.all().joined() == text)
            }
        }

        @Test func aClientsSettingsAreThoseOfItsRequests() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client {
                    $0.baseURL = serve.url
                    $0.header("x-client", "yes")
                    $0.secretHeader("authorization", "Bearer secret")
                    $0.defaults.query("interval_ms", "0")
                    $0.defaults.retryAttempts = 0
                }
                let stream = client.stream(
                    "/auth",
                    .with {
                        $0.query("key", "client")
                        $0.header("x-own", "too")
                    })
                _ = try await stream.all()
                let sent = try await serve.requests(to: "key=client")
                #expect(sent.count == 1)
                #expect(sent.first?.headers["x-client"] == "yes")
                #expect(sent.first?.headers["x-own"] == "too")
                #expect(sent.first?.headers["authorization"] == "present")
            }
        }

        @Test func aLoopStaysInItsActor() async throws {
            try await Serve.run { serve in
                let records = try await count("\(serve.url)/ndjson?interval_ms=0&events=4")
                #expect(records == 5)
            }
        }

        /// A loop of the main actor, with values that no other may have.
        @MainActor private func count(_ url: String) async throws -> Int {
            final class Row: Decodable { let index: Int? }
            var rows: [Row] = []
            for try await row in Tidewire.stream(url).records(Row.self) {
                MainActor.assertIsolated()
                rows.append(row)
            }
            return rows.count
        }
    }
}

/// Blocks the thread that calls it.
private func block(for seconds: TimeInterval) {
    Thread.sleep(forTimeInterval: seconds)
}
