import Foundation
import FoundationNetworking
import Testing
import Tidewire

/// All tests, one after the other, since some of them measure.
@Suite(.serialized)
enum AllTests {}

/// How long anything here may take at most, on a busy machine.
let patience = Duration.seconds(60)

/// The scripted server, on a free port.
final class Serve: Sendable {
    /// Its URL, without a trailing slash.
    let url: String
    private let process: Process

    /// A server for the time of a test.
    static func run(_ options: [String] = [], _ body: (Serve) async throws -> Void) async throws {
        let serve = try Serve(options)
        do {
            try await body(serve)
        } catch {
            try await serve.stop()
            throw error
        }
        try await serve.stop()
    }

    private init(_ options: [String]) throws {
        let program = try environment("TIDEWIRE", "the path of the program `tidewire`")
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--port", "0"] + options
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        Watchdog.shared.add(process.processIdentifier)
        struct Listening: Decodable { let url: String }
        var first = Data()
        while !first.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw Failure("the server does not start") }
            first += more
        }
        url = try JSONDecoder().decode(Listening.self, from: first.prefix { $0 != UInt8(ascii: "\n") }).url
        // What it logs is read through its URL.
        output.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
    }

    struct Request: Decodable, Sendable {
        struct Response: Decodable, Sendable {
            let status: Int?
            let ended: String
        }

        let number: Int
        let method: String
        let path: String
        let headers: [String: String]
        let body: String
        let response: Response?
    }

    func log() async throws -> [Request] {
        guard let url = URL(string: url + "/_log") else { throw Failure("no URL") }
        return try JSONDecoder().decode([Request].self, from: try await URLSession.shared.data(from: url).0)
    }

    /// The requests whose path has this in it.
    func requests(to key: String) async throws -> [Request] {
        try await log().filter { $0.path.contains(key) }
    }

    /// Waits until all requests have ended, and returns them.
    func ended() async throws -> [Request] {
        try await until("all requests have ended") {
            let log = try await self.log()
            return log.allSatisfy { $0.response != nil } ? log : nil
        }
    }

    /// Waits until the request has ended, and says how.
    func end(of key: String) async throws -> String {
        try await until("the request has ended") { try await self.requests(to: key).compactMap { $0.response?.ended }.first }
    }

    private func stop() async throws {
        // A child of Foundation's may have inherited that other signals are blocked, and its own way to wait is a busy loop.
        kill(process.processIdentifier, SIGKILL)
        try await until("the server has ended") { process.isRunning ? nil : true }
        Watchdog.shared.remove(process.processIdentifier)
    }
}

/// Ends this program and the servers that it started, should the tests hang.
private final class Watchdog: Sendable {
    static let shared = Watchdog()
    private let servers = Locked<Set<Int32>>([])

    private init() {
        DispatchQueue.global().asyncAfter(deadline: .now() + (isLong ? 1800 : 600)) { [servers] in
            for server in servers.with({ $0 }) { kill(server, SIGKILL) }
            print("the tests do not end")
            exit(3)
        }
    }

    func add(_ server: Int32) { servers.with { _ = $0.insert(server) } }
    func remove(_ server: Int32) { servers.with { _ = $0.remove(server) } }
}

/// What goes wrong in a test itself.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Asks again until there is something.
@discardableResult
func until<Value>(_ what: String, _ ask: () async throws -> Value?) async throws -> Value {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < patience {
        if let found = try await ask() { return found }
        try await Task.sleep(for: .milliseconds(2))
    }
    throw Failure("not within \(patience): \(what)")
}

/// The error with which a loop ends.
func failure<Items: AsyncSequence>(of items: Items) async throws -> TidewireError {
    do {
        for try await _ in items {}
    } catch let error as TidewireError {
        return error
    }
    throw Failure("the stream did not fail")
}

extension AsyncSequence {
    /// All that a loop gets.
    func all() async throws -> [Element] {
        var all: [Element] = []
        for try await item in self { all.append(item) }
        return all
    }

    /// What a loop gets that is left after so many.
    func first(_ count: Int) async throws -> [Element] {
        var first: [Element] = []
        for try await item in self {
            first.append(item)
            if first.count == count { break }
        }
        return first
    }
}

func environment(_ name: String, _ what: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else { throw Failure("\(name) is to be \(what)") }
    return value
}

/// Whether the long tier runs.
let isLong = ProcessInfo.processInfo.environment["TIDEWIRE_LONG"] == "1"

/// What the measured figures are printed with, for the report of the tests.
func figure(_ what: String) {
    print("FIGURE \(what)")
    fflush(nil)
}

extension Duration {
    var shown: String { "\((self / .microseconds(1)).rounded() / 1000) ms" }
}

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    @discardableResult
    func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
