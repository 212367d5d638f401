import Foundation
import Testing
import Tidewire

extension AllTests {
    /// The list that every language reads from the scripted server.
    @Suite struct EndToEnd {
        struct Rows: Decodable {
            let rows: [Row]
        }

        struct Row: Decodable {
            let name: String
            let kind: String
            let path: String
            let settings: [String: JSON]
            let expect: [String: JSON]
        }

        @Test func everyRowOfTheList() async throws {
            let list = try environment("TIDEWIRE_END_TO_END", "the end-to-end list")
            let rows = try JSONDecoder().decode(Rows.self, from: Data(contentsOf: URL(fileURLWithPath: list))).rows
            var wrong: [String] = []
            try await Serve.run { serve in
                let client = Tidewire.Client { $0.baseURL = serve.url }
                for (number, row) in rows.enumerated() {
                    let path = row.path.replacingOccurrences(of: "{key}", with: "swift-\(number)")
                    let seen = try await Seen(client, path, row)
                    for (key, want) in row.expect {
                        let have = try seen.had(key)
                        let holds =
                            switch key {
                            case "message": try have.string.contains(want.string)
                            case "text_begins": try have.string.hasPrefix(want.string)
                            case "notices": try Set(have.strings).isSuperset(of: want.strings)
                            default: have == want
                            }
                        if !holds { wrong.append("\(row.name): \(key) is \(have), not \(want); \(seen.result)") }
                    }
                }
            }
            #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
            #expect(rows.count > 20)
            figure("\(rows.count) rows of the end-to-end list")
        }
    }
}

/// The result of a row.
private struct Seen {
    private var count = 0
    private var text = ""
    private var idsAreInOrder = true
    private let notices = Locked<[String]>([])
    private(set) var result: Tidewire.StreamResult

    init(_ client: Tidewire.Client, _ path: String, _ row: AllTests.EndToEnd.Row) async throws {
        var options = Tidewire.Options()
        try options.set(row.settings)
        let notices = notices
        func note(_ notice: String) { notices.with { $0.append(notice) } }
        options.onAttempt = { attempt in if attempt.number > 1 { notices.with { $0.append("attempt") } } }
        options.onStall = { _ in notices.with { $0.append("stall") } }
        options.onGap = { _ in notices.with { $0.append("gap") } }
        options.onReplayed = { _ in notices.with { $0.append("replayed") } }
        options.onBadRecord = { record in notices.with { $0.append(record.code) } }
        let stream = client.stream(path, .with { [options] in $0 = options })
        var (count, text, idsAreInOrder) = (0, "", true)
        var failure: TidewireError?
        do {
            switch row.kind {
            case "events":
                for try await event in stream {
                    count += 1
                    if event.id != String(count) { idsAreInOrder = false }
                }
            case "records": for try await _ in stream.records(JSON.self) { count += 1 }
            case "text":
                for try await piece in stream.texts() {
                    count += 1
                    text += piece
                }
            case "reply": for try await _ in stream.deltas() { count += 1 }
            case "frames":
                for try await frame in stream.frames() {
                    switch frame {
                    case .event, .record, .text, .delta: count += 1
                    case .comment: notices.with { $0.append("comment") }
                    default: break
                    }
                }
            default: throw Failure("no such kind: \(row.kind)")
            }
        } catch let error as TidewireError {
            failure = error
        }
        guard let result = stream.result else { throw Failure("no result: \(row.name)") }
        guard result.isSuccess == (failure == nil), failure == nil || failure?.code == result.outcome.code, failure?.result ?? result == result
        else { throw Failure("\(row.name): \(String(describing: failure)), but \(result)") }
        (self.count, self.text, self.idsAreInOrder, self.result) = (count, text, idsAreInOrder, result)
    }

    func had(_ key: String) throws -> JSON {
        func optional<Value>(_ value: Value?, _ json: (Value) -> JSON) -> JSON { value.map(json) ?? .null }
        return switch key {
        case "code": .string(result.outcome.code)
        case "records": .number(Double(count))
        case "ids": .bool(idsAreInOrder)
        case "text_begins": .string(text)
        case "attempts": .number(Double(result.stats.attempts))
        case "status": optional(result.status) { .number(Double($0)) }
        case "timeout": optional(result.timeout) { .string($0) }
        case "limit": optional(result.limit) { .number(Double($0)) }
        case "message": .string(result.message)
        case "notices": .array(notices.with { $0 }.map { .string($0) })
        case "finish": optional(result.reply?.finish) { .string($0) }
        default: throw Failure("no such expectation: \(key)")
        }
    }
}

extension Tidewire.Options {
    /// Sets the options of a row, by their names.
    fileprivate mutating func set(_ settings: [String: JSON]) throws {
        for (name, value) in settings {
            func time() throws -> Duration { .milliseconds(try value.int) }
            switch name {
            case "method": method = try value.string
            case "body": body(Data(try value.string.utf8))
            case "json": jsonText(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
            case "dialect": dialect = Tidewire.Dialect(try value.string)
            case "lastEventId": lastEventId = try value.string
            case "follow": follow = try value.bool
            case "idempotencyKey": idempotencyKey = try value.string
            case "endOn": endOn = try value.strings
            case "heartbeatOn": heartbeatOn = try value.strings
            case "maxEventBytes": maxEventBytes = try value.int
            case "skipOversized": skipOversized = try value.bool
            case "retryAttempts": retryAttempts = try value.int
            case "retryDelay": retryDelay = try time()
            case "firstEventTimeout": firstEventTimeout = try time()
            case "idleTimeout": idleTimeout = try time()
            case "progressTimeout": progressTimeout = try time()
            case "timeout": timeout = try time()
            case "stallAfter": stallAfter = try time()
            default: throw Failure("an unknown option: \(name)")
            }
        }
    }
}
