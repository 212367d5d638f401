package dev.tidewire

/** A typed piece of an LLM's reply, the same for every provider. */
public sealed interface Delta : Frame {
    /** The reply has begun. What the provider does not say is empty. */
    public data class Start(public val id: String, public val model: String, public val created: String) : Delta

    /** Text of the reply. [choice] is the number of the alternative, from 0; nearly all replies have one. */
    public data class Text(public val text: String, public val choice: Int = 0) : Delta

    /** The model's reasoning, or a summary of it. */
    public data class Reasoning(public val text: String, public val choice: Int = 0) : Delta

    /** Why the model refuses to answer. */
    public data class Refusal(public val text: String, public val choice: Int = 0) : Delta

    /** A tool call begins, and its arguments follow under the same [index]. Again with that index: its id or its name came late or in pieces. */
    public data class ToolCall(
        public val index: Int,
        public val id: String,
        public val name: String,
        public val choice: Int = 0,
    ) : Delta

    /** More of the JSON text of a call's arguments. */
    public data class Arguments(public val index: Int, public val fragment: String, public val choice: Int = 0) : Delta

    /** The tokens used so far. A later report replaces the counts that it names; those that are not reported are `null`. */
    public data class Usage(
        public val inputTokens: Long? = null,
        public val outputTokens: Long? = null,
        public val totalTokens: Long? = null,
        public val reasoningTokens: Long? = null,
        public val cachedTokens: Long? = null,
        public val cacheWriteTokens: Long? = null,
    ) : Delta

    /** A source that the reply cites. */
    public data class Citation(public val url: String, public val title: String, public val choice: Int = 0) : Delta

    /** An alternative is finished. [reason] is the same for every provider, [said] is the provider's own word. */
    public data class Finish(public val reason: String, public val said: String, public val choice: Int = 0) : Delta

    /** The provider reports a failure. The stream ends [Outcome.FAILED]. */
    public data class Error(public val kind: String, public val message: String, public val retryable: Boolean) : Delta

    /** Anything else, as JSON text. */
    public data class Other(public val name: String, public val json: String) : Delta
}

/** How an LLM's reply is written. [name] is what the command calls it; one that does not exist is an error that lists them all. */
@JvmInline
public value class Dialect(public val name: String) {
    override fun toString(): String = name

    public companion object {
        /** Recognised by the records of the reply. */
        public val AUTO: Dialect = Dialect("auto")
        public val OPENAI_CHAT: Dialect = Dialect("openai-chat")
        public val OPENAI_RESPONSES: Dialect = Dialect("openai-responses")
        public val ANTHROPIC: Dialect = Dialect("anthropic")
        public val GEMINI: Dialect = Dialect("gemini")
        public val OLLAMA: Dialect = Dialect("ollama")
        public val COHERE: Dialect = Dialect("cohere")
        public val MISTRAL: Dialect = Dialect("mistral")
        public val BEDROCK_JSON: Dialect = Dialect("bedrock-json")
        public val VERCEL_UI: Dialect = Dialect("vercel-ui")
        public val AG_UI: Dialect = Dialect("ag-ui")
        public val GEMINI_INTERACTIONS: Dialect = Dialect("gemini-interactions")
        public val MISTRAL_CONVERSATIONS: Dialect = Dialect("mistral-conversations")
        public val OPENAI_ASSISTANTS: Dialect = Dialect("openai-assistants")
        public val WORKERS_AI: Dialect = Dialect("workers-ai")
        public val DASHSCOPE: Dialect = Dialect("dashscope")
        public val DIFY: Dialect = Dialect("dify")
        public val COZE: Dialect = Dialect("coze")
        public val LANGGRAPH: Dialect = Dialect("langgraph")
        public val REPLICATE: Dialect = Dialect("replicate")
        public val TGI: Dialect = Dialect("tgi")
        public val A2A: Dialect = Dialect("a2a")
        public val SNOWFLAKE_CORTEX: Dialect = Dialect("snowflake-cortex")

        /** Records of any shape, whose text is at [path] (`choices.0.text`). */
        public fun generic(path: String): Dialect = Dialect("generic:$path")
    }
}
