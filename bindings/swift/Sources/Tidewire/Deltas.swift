extension Tidewire {
    /// A typed piece of an LLM's reply, the same for every provider. `choice` is the number of the alternative, from 0; nearly all replies
    /// have one.
    public enum Delta: Sendable, Hashable {
        /// The reply has begun. What the provider does not say is empty.
        case start(id: String, model: String, created: String)
        /// Text of the reply.
        case text(String, choice: Int)
        /// The model's reasoning, or a summary of it.
        case reasoning(String, choice: Int)
        /// Why the model refuses to answer.
        case refusal(String, choice: Int)
        /// A tool call begins, and its arguments follow under the same `index`. Again with that index: its id or its name came late or in pieces.
        case toolCall(index: Int, id: String, name: String, choice: Int)
        /// More of the JSON text of a call's arguments.
        case arguments(index: Int, fragment: String, choice: Int)
        /// The tokens used so far. A later report replaces the counts that it names.
        case usage(Usage)
        /// A source that the reply cites.
        case citation(url: String, title: String, choice: Int)
        /// An alternative is finished. `reason` is the same for every provider, `said` is the provider's own word.
        case finish(reason: String, said: String, choice: Int)
        /// The provider reports a failure. The stream ends `failed`.
        case error(kind: String, message: String, retryable: Bool)
        /// Anything else, as JSON text.
        case other(name: String, json: String)

        /// The piece of text; `nil` for everything else.
        public var text: String? {
            if case .text(let text, _) = self { text } else { nil }
        }
    }

    /// Token counts; those that the provider does not report are `nil`.
    public struct Usage: Sendable, Hashable {
        public internal(set) var inputTokens: Int?
        public internal(set) var outputTokens: Int?
        public internal(set) var totalTokens: Int?
        public internal(set) var reasoningTokens: Int?
        public internal(set) var cachedTokens: Int?
        public internal(set) var cacheWriteTokens: Int?
    }

    /// How an LLM's reply is written. The name is what the command calls it; one that does not exist is an error that lists them all.
    public struct Dialect: Sendable, Hashable, CustomStringConvertible {
        public let name: String

        public init(_ name: String) {
            self.name = name
        }

        public var description: String { name }

        /// Recognised by the records of the reply.
        public static let auto = Dialect("auto")
        public static let openAIChat = Dialect("openai-chat")
        public static let openAIResponses = Dialect("openai-responses")
        public static let anthropic = Dialect("anthropic")
        public static let gemini = Dialect("gemini")
        public static let ollama = Dialect("ollama")
        public static let cohere = Dialect("cohere")
        public static let mistral = Dialect("mistral")
        public static let bedrockJSON = Dialect("bedrock-json")
        public static let vercelUI = Dialect("vercel-ui")
        public static let agUI = Dialect("ag-ui")
        public static let geminiInteractions = Dialect("gemini-interactions")
        public static let mistralConversations = Dialect("mistral-conversations")
        public static let openAIAssistants = Dialect("openai-assistants")
        public static let workersAI = Dialect("workers-ai")
        public static let dashScope = Dialect("dashscope")
        public static let dify = Dialect("dify")
        public static let coze = Dialect("coze")
        public static let langGraph = Dialect("langgraph")
        public static let replicate = Dialect("replicate")
        public static let tgi = Dialect("tgi")
        public static let a2a = Dialect("a2a")
        public static let snowflakeCortex = Dialect("snowflake-cortex")

        /// Records of any shape, whose text is at `path` (`choices.0.text`).
        public static func generic(_ path: String) -> Dialect { Dialect("generic:\(path)") }
    }
}
