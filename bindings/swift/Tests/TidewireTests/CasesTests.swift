import Foundation
import Testing
import Tidewire

extension AllTests {
    /// The bodies that every language decodes, and what the command prints of them.
    @Suite struct Cases {
        struct Case: Decodable {
            let name: String
            let settings: [String: JSON]
            let body: String
            let chunk: Int
            let printed: [String]
        }

        @Test func everyCasePrintsWhatTheCommandPrints() throws {
            let file = try environment("TIDEWIRE_CASES", "the list of cases")
            var count = 0
            var wrong: [String] = []
            for line in try Data(contentsOf: URL(fileURLWithPath: file)).split(separator: UInt8(ascii: "\n")) {
                let row = try JSONDecoder().decode(Case.self, from: line)
                let printed = try decoded(row)
                if printed != row.printed {
                    let place = zip(printed, row.printed).enumerated().first { $1.0 != $1.1 }?.offset ?? min(printed.count, row.printed.count)
                    let (have, want) = (printed.dropFirst(place).first ?? "nothing", row.printed.dropFirst(place).first ?? "nothing")
                    wrong.append("\(row.name) (chunk \(row.chunk)), line \(place):\n  \(have)\n  not\n  \(want)")
                }
                count += 1
            }
            #expect(count > 1000, "\(file) has \(count) cases")
            #expect(wrong.isEmpty, "\(wrong.count):\n\(wrong.prefix(20).joined(separator: "\n"))")
            figure("\(count) cases print what the command prints")
        }

        private func decoded(_ row: Case) throws -> [String] {
            let digits = Array(row.body.utf8)
            let body = Data(
                stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) })
            var options = Tidewire.DecodeOptions()
            for (name, value) in row.settings {
                switch name {
                case "format": options.format = Tidewire.Format(rawValue: try value.string)
                case "dialect": options.dialect = Tidewire.Dialect(try value.string)
                case "maxEventBytes": options.maxEventBytes = try value.int
                case "skipOversized": options.skipOversized = try value.bool
                case "deliverUnterminated": options.deliverUnterminated = try value.bool
                default: throw Failure("an unknown setting: \(name)")
                }
            }
            let decoder = try Tidewire.Decoder { $0 = options }
            let size = row.chunk == 0 ? max(body.count, 1) : row.chunk
            var frames: [Tidewire.Frame] = []
            for at in stride(from: 0, to: body.count, by: size) {
                frames += decoder.push(body.subdata(in: at..<min(at + size, body.count)))
            }
            frames += decoder.finish()
            guard let result = decoder.result else { throw Failure("no result") }
            return frames.map(line) + (decoder.reply.map { [$0.json] } ?? []) + [endLine(result)]
        }
    }
}

/// Writes JSON objects field by field, as the command does.
private struct Line {
    private(set) var text: String

    init(_ type: String) {
        text = "{\"type\":\"\(type)\""
    }

    func raw(_ name: String, _ value: String) -> Line {
        var line = self
        line.text += ",\"\(name)\":\(value)"
        return line
    }

    func text(_ name: String, _ value: String) -> Line { raw(name, quoted(value)) }

    func textUnlessEmpty(_ name: String, _ value: String?) -> Line {
        if let value, !value.isEmpty { text(name, value) } else { self }
    }

    func number(_ name: String, _ value: Int?) -> Line {
        if let value { raw(name, String(value)) } else { self }
    }

    func choice(_ choice: Int) -> Line { choice == 0 ? self : number("choice", choice) }

    var whole: String { text + "}" }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{8}": quoted += "\\b"
            case "\u{C}": quoted += "\\f"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

private func milliseconds(_ time: Duration) -> Int { Int(time / .milliseconds(1)) }

private func line(_ frame: Tidewire.Frame) -> String {
    switch frame {
    case .event(let event):
        Line("event").text("event", event.type).text("data", event.data).textUnlessEmpty("id", event.id).whole
    case .record(let record):
        Line("record").number("index", record.index).raw("value", Tidewire.compactJSON(record.json)).whole
    case .text(let text): Line("text").text("text", text).whole
    case .comment(let comment): Line("comment").text("comment", comment).whole
    case .retry(let wait): Line("retry").number("ms", milliseconds(wait)).whole
    case .badRecord(let record):
        Line("error").text("code", record.code).text("message", record.message).number("offset", record.offset)
            .number("limit", record.limit).whole
    case .gap(let gap): Line("gap").textUnlessEmpty("after", gap.after).whole
    case .replayed(let replayed): Line("replayed").text("id", replayed.id).whole
    case .stall(let stall): Line("stall").number("silent_ms", milliseconds(stall.silent)).whole
    case .attempt(let attempt):
        Line("attempt").number("attempt", attempt.number).number("delay_ms", milliseconds(attempt.delay)).whole
    case .delta(let delta): line(delta).whole
    }
}

private func line(_ delta: Tidewire.Delta) -> Line {
    func line(_ kind: String) -> Line { Line("delta").text("kind", kind) }
    return switch delta {
    case .start(let id, let model, let created):
        line("start").textUnlessEmpty("id", id).textUnlessEmpty("model", model).textUnlessEmpty("created", created)
    case .text(let text, let choice): line("text").choice(choice).textUnlessEmpty("text", text)
    case .reasoning(let text, let choice): line("reasoning").choice(choice).textUnlessEmpty("text", text)
    case .refusal(let text, let choice): line("refusal").choice(choice).textUnlessEmpty("text", text)
    case .toolCall(let index, let id, let name, let choice):
        line("tool_call").choice(choice).number("index", index).textUnlessEmpty("id", id).textUnlessEmpty("name", name)
    case .arguments(let index, let fragment, let choice):
        line("arguments").choice(choice).number("index", index).textUnlessEmpty("fragment", fragment)
    case .usage(let usage):
        line("usage").number("input_tokens", usage.inputTokens).number("output_tokens", usage.outputTokens)
            .number("total_tokens", usage.totalTokens).number("reasoning_tokens", usage.reasoningTokens)
            .number("cached_tokens", usage.cachedTokens).number("cache_write_tokens", usage.cacheWriteTokens)
    case .citation(let url, let title, let choice):
        line("citation").choice(choice).textUnlessEmpty("url", url).textUnlessEmpty("title", title)
    case .finish(let reason, let said, let choice):
        line("finish").choice(choice).textUnlessEmpty("reason", reason).textUnlessEmpty("said", said)
    case .error(let kind, let message, let retryable):
        line("error").textUnlessEmpty("code", kind).textUnlessEmpty("message", message).raw("retryable", String(retryable))
    case .other(let name, let json):
        (try? JSON.of(json)) == nil
            ? line("other").textUnlessEmpty("name", name).textUnlessEmpty("value_text", json)
            : line("other").textUnlessEmpty("name", name).raw("value", Tidewire.compactJSON(json))
    }
}

private func endLine(_ result: Tidewire.StreamResult) -> String {
    var line = Line("end").text("outcome", result.outcome.code).number("events", result.stats.events)
        .number("bytes", result.stats.bytes).number("status", result.status).textUnlessEmpty("timeout", result.timeout)
    if !result.isSuccess, let cursor = result.lastEventId { line = line.text("cursor", cursor) }
    line = line.number("offset", result.offset).number("limit", result.limit)
    if let error = result.error { line = line.text("error", error) }
    return line.whole
}
