import Foundation

extension Tidewire {
    /// What an LLM's reply adds up to.
    public struct Message: Sendable, Hashable, CustomStringConvertible {
        /// The message as JSON text: the command's line `message`.
        public let json: String
        /// The text of the reply.
        public let content: String
        /// The model's reasoning, or a summary of it.
        public let reasoning: String
        /// Why the model refuses to answer.
        public let refusal: String
        /// The tool calls.
        public let toolCalls: [ToolCall]
        /// Why the reply is finished, in the same words for every provider; `nil` if it is not.
        public let finish: String?
        /// The provider's id of the reply.
        public let id: String?
        /// The model that answered.
        public let model: String?
        /// The dialect in which it was read.
        public let dialect: Dialect?
        /// The tokens that were used.
        public let usage: Usage?

        public var description: String { json }

        /// Of the line `message`.
        init(json: String) {
            self.json = json
            let message = JSONText(json)
            content = message["text"]?.string ?? ""
            reasoning = message["reasoning"]?.string ?? ""
            refusal = message["refusal"]?.string ?? ""
            toolCalls = (message["tool_calls"]?.elements ?? []).map { call in
                let arguments = call["arguments"]?.text
                return ToolCall(
                    id: call["id"]?.string ?? "",
                    name: call["name"]?.string ?? "",
                    argumentsText: arguments ?? call["arguments_text"]?.string ?? "",
                    isJSON: arguments != nil
                )
            }
            finish = message["finish"]?.string
            id = message["id"]?.string
            model = message["model"]?.string
            dialect = (message["dialect"]?.string).map(Dialect.init)
            usage = message["usage"].map { usage in
                func count(_ name: String) -> Int? { (usage[name]?.text).flatMap { Int($0) } }
                return Usage(
                    inputTokens: count("input_tokens"),
                    outputTokens: count("output_tokens"),
                    totalTokens: count("total_tokens"),
                    reasoningTokens: count("reasoning_tokens"),
                    cachedTokens: count("cached_tokens"),
                    cacheWriteTokens: count("cache_write_tokens")
                )
            }
        }
    }

    /// A tool call of a ``Message``.
    public struct ToolCall: Sendable, Hashable {
        public let id: String
        public let name: String
        /// The arguments as the text that the model wrote.
        public let argumentsText: String
        /// Whether that text is JSON.
        public let isJSON: Bool

        /// The arguments as a value.
        public func arguments<Value: Decodable>(_ type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()) throws -> Value {
            try decoder.decode(type, from: Data(argumentsText.utf8))
        }
    }
}

/// Valid, compact JSON, of which parts are taken as they are written. Foundation's readers would lose how numbers are written, and the
/// order of keys.
struct JSONText {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// The value of a key of an object.
    subscript(key: String) -> JSONText? {
        guard text.utf8.first == UInt8(ascii: "{") else { return nil }
        return parts.first { $0.key?.string == key }?.value
    }

    /// The elements of an array.
    var elements: [JSONText] {
        text.utf8.first == UInt8(ascii: "[") ? parts.map(\.value) : []
    }

    /// The string that it is.
    var string: String? {
        guard text.utf8.first == UInt8(ascii: "\"") else { return nil }
        return try? JSONDecoder().decode(String.self, from: Data(text.utf8))
    }

    /// What stands between the commas of the outermost array or object.
    private var parts: [(key: JSONText?, value: JSONText)] {
        var parts: [(key: JSONText?, value: JSONText)] = []
        var key: JSONText?
        var depth = 0
        var isInString = false
        var isEscaped = false
        let bytes = text.utf8
        var start = bytes.startIndex
        for at in bytes.indices {
            let byte = bytes[at]
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            func piece() -> JSONText { JSONText(String(text[start..<at])) }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth == 1 { start = bytes.index(after: at) }
            case UInt8(ascii: ":") where depth == 1:
                key = piece()
                start = bytes.index(after: at)
            case UInt8(ascii: ",") where depth == 1:
                parts.append((key, piece()))
                start = bytes.index(after: at)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 1, start < at { parts.append((key, piece())) }
                depth -= 1
            default:
                break
            }
        }
        return parts
    }
}
