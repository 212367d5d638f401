import Foundation
import Testing
import Tidewire

extension AllTests {
    /// Memory, threads and files.
    @Suite struct Resources {
        @Test func streamsThatAreAbandonedLeaveNothingBehind() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                func rounds(_ count: Int) async throws {
                    for round in 0..<count {
                        let stream = client.stream("/endless")
                        switch round % 5 {
                        // Left at once, cancelled, never read, left by an error, stopped.
                        case 0: _ = try await stream.first(1)
                        case 1:
                            let reader = Task { for try await _ in stream.events().continuing() {} }
                            if round % 2 == 0 { await Task.yield() }
                            reader.cancel()
                            _ = await reader.result
                        case 2: _ = stream.state
                        case 3: do { for try await _ in stream { throw Failure("mine") } } catch is Failure {}
                        default:
                            let states = Task { for await state in stream.states where state == .open { break } }
                            _ = try await stream.first(2)
                            stream.stop()
                            await states.value
                        }
                    }
                }
                try await rounds(250)
                let (before, files) = try await settled(serve)
                try await rounds(1000)
                let (after, filesAfter) = try await settled(serve)
                figure("1,000 streams opened and abandoned: \((after - before) / 1024) KiB more, \(files) → \(filesAfter) files")
                #expect(after - before < 8 << 20, "\(before) → \(after) bytes")
                #expect(filesAfter <= files + 8, "\(files) → \(filesAfter) files")
            }
        }

        /// Memory and files, once all requests have ended.
        private func settled(_ serve: Serve) async throws -> (Int, Int) {
            _ = try await serve.ended()
            try await Task.sleep(for: .milliseconds(50))
            return (residentBytes(), try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count)
        }

        @Test func aThousandOpenStreamsTakeTwoThreads() async throws {
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                // What the first streams bring with them does not count.
                func open(_ count: Int) async throws -> [(Tidewire.Stream, Task<Void, any Error>)] {
                    let streams = (0..<count).map { _ in
                        let stream = client.stream("/stall?interval_ms=0")
                        return (stream, Task { for try await _ in stream {} })
                    }
                    try await until("all streams are open") { streams.allSatisfy { $0.0.stats.events == 4 } ? true : nil }
                    return streams
                }
                let first = try await open(50)
                let before = residentBytes()
                let count = 1000
                let streams = try await open(count)
                let each = (residentBytes() - before) / count
                let threads = try nativeThreads()
                figure("\(count) open streams: \(each / 1024) KiB each; native threads: \(threads)")
                #expect(threads.count <= 2, "\(threads)")
                #expect(each < 96 * 1024, "\(each) bytes each")
                for (_, reader) in first + streams { reader.cancel() }
                for (_, reader) in first + streams { _ = await reader.result }
                #expect(try await serve.ended().count == count + 50)
            }
        }

        private func residentBytes() -> Int {
            let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
            return (Int(line.filter(\.isNumber)) ?? 0) * 1024
        }

        private func nativeThreads() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
                .compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8).trimmingCharacters(in: .newlines) }
                .filter { $0 == "tidewire" || $0.contains("tokio") }
        }
    }
}
