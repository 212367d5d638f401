// CPU time per event, beside that of a reader on URLSession that parses events and does nothing else.
//
//     TIDEWIRE=…/tidewire swift run -c release Bench
import Foundation
import FoundationNetworking
import Tidewire

let burst = 200_000
let singles = 3000

guard let program = ProcessInfo.processInfo.environment["TIDEWIRE"] else { fatalError("TIDEWIRE is to be the path of the program `tidewire`") }
let server = Process()
server.executableURL = URL(fileURLWithPath: program)
server.arguments = ["serve", "--port", "0"]
let log = Pipe()
server.standardOutput = log
try server.run()
defer { server.terminate() }
let listening = String(decoding: log.fileHandleForReading.availableData, as: UTF8.self)
guard let url = listening.components(separatedBy: "\"url\":\"").dropFirst().first?.components(separatedBy: "\"").first else {
    fatalError("the server does not start: \(listening)")
}
log.fileHandleForReading.readabilityHandler = { _ = $0.availableData }

try await measure("CPU per event in µs, as fast as they come (256 B each)", "\(url)/endless?bytes=\(burst * 256)", burst, rounds: 7)
BatchSize.most = 1
try await measure("CPU per event in µs, the same in batches of one", "\(url)/endless?bytes=\(burst * 256)", burst, rounds: 3)
BatchSize.most = 256
try await measure("CPU per event in µs, one at a time, 1 ms apart", "\(url)/sse?interval_ms=1&events=\(singles)", singles, rounds: 3)

/// In turn, so that both have the same conditions; the best round of each counts.
func measure(_ what: String, _ url: String, _ events: Int, rounds: Int) async throws {
    print(what)
    var (own, native, above, session) = (Double.infinity, Double.infinity, Double.infinity, Double.infinity)
    for _ in 0..<rounds {
        let (all, thread) = try await cpuPerEvent(events) {
            var (count, bytes) = (0, 0)
            for try await event in Tidewire.stream(url) {
                count += 1
                bytes += event.data.utf8.count
            }
            return (count, bytes)
        }
        own = min(own, all)
        native = min(native, thread)
        above = min(above, all - thread)
        session = min(
            session,
            try await cpuPerEvent(events) {
                var (count, bytes) = (0, 0)
                for await data in SessionReader.events(url) {
                    count += 1
                    bytes += data.utf8.count
                }
                return (count, bytes)
            }.0)
    }
    func shown(_ figure: Double) -> String { String(format: "%8.2f", figure) }
    print("  tidewire    \(shown(own)), of which \(shown(native)) in its native thread and \(shown(above)) above it")
    print("  URLSession  \(shown(session)) = \(String(format: "%.1f", session / own)) × tidewire")
}

/// Of the whole process, and of the thread that reads all streams.
func cpuPerEvent(_ events: Int, _ read: () async throws -> (Int, Int)) async throws -> (Double, Double) {
    let (before, threadBefore) = (processCPU(), threadCPU())
    let (count, bytes) = try await read()
    guard count >= events, bytes > 0 else { fatalError("there were \(count) events") }
    return ((processCPU() - before) / Double(count), (threadCPU() - threadBefore) / Double(count))
}

/// In µs.
func processCPU() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

/// In µs.
func threadCPU() -> Double {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.reduce(0) { sum, task in
        func file(_ name: String) -> String { (try? String(contentsOfFile: "/proc/self/task/\(task)/\(name)", encoding: .utf8)) ?? "" }
        guard file("comm").hasPrefix("tidewire") else { return sum }
        return sum + (Double(file("schedstat").split(separator: " ").first ?? "") ?? 0) / 1e3
    }
}

/// What a reader of events on URLSession is at least.
final class SessionReader: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let events: AsyncStream<String>.Continuation
    private var line: [UInt8] = []
    private var data: [UInt8] = []

    static func events(_ url: String) -> AsyncStream<String> {
        AsyncStream { continuation in
            guard let url = URL(string: url) else { return continuation.finish() }
            let session = URLSession(configuration: .ephemeral, delegate: SessionReader(continuation), delegateQueue: nil)
            session.dataTask(with: url).resume()
            session.finishTasksAndInvalidate()
        }
    }

    private init(_ events: AsyncStream<String>.Continuation) {
        self.events = events
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive piece: Data) {
        for byte in piece {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.isEmpty {
                if !data.isEmpty { events.yield(String(decoding: data, as: UTF8.self)) }
                data.removeAll(keepingCapacity: true)
            } else if line.starts(with: Array("data: ".utf8)) {
                data.append(contentsOf: line.dropFirst(6))
            }
            line.removeAll(keepingCapacity: true)
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        events.finish()
    }
}
