package dev.tidewire

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.longOrNull

/** What an LLM's reply adds up to. [json] has everything, as the command's line `message` does. */
public class Message internal constructor(
    /** The message as JSON text. */
    public val text: String,
) {
    /** The message as a JSON object. */
    public val json: JsonObject by lazy { Json.parseToJsonElement(text) as JsonObject }

    /** The text of the reply. */
    public val content: String get() = string("text").orEmpty()

    /** The model's reasoning, or a summary of it. */
    public val reasoning: String get() = string("reasoning").orEmpty()

    /** Why the model refuses to answer. */
    public val refusal: String get() = string("refusal").orEmpty()

    /** The tool calls. */
    public val toolCalls: List<ToolCall>
        get() = (json["tool_calls"] as? JsonArray).orEmpty().filterIsInstance<JsonObject>().map { call ->
            ToolCall(
                id = call.string("id").orEmpty(),
                name = call.string("name").orEmpty(),
                arguments = call["arguments"],
                argumentsText = call["arguments"]?.toString() ?: call.string("arguments_text").orEmpty(),
            )
        }

    /** Why the reply is finished, in the same words for every provider; `null` if it is not. */
    public val finish: String? get() = string("finish")

    /** The provider's id of the reply. */
    public val id: String? get() = string("id")

    /** The model that answered. */
    public val model: String? get() = string("model")

    /** The dialect in which it was read. */
    public val dialect: Dialect? get() = string("dialect")?.let(::Dialect)

    /** The tokens that were used. */
    public val usage: Delta.Usage?
        get() = (json["usage"] as? JsonObject)?.let { usage ->
            fun count(name: String) = (usage[name] as? JsonPrimitive)?.longOrNull
            Delta.Usage(
                inputTokens = count("input_tokens"),
                outputTokens = count("output_tokens"),
                totalTokens = count("total_tokens"),
                reasoningTokens = count("reasoning_tokens"),
                cachedTokens = count("cached_tokens"),
                cacheWriteTokens = count("cache_write_tokens"),
            )
        }

    override fun toString(): String = text

    private fun string(name: String) = json.string(name)
}

/**
 * A tool call of a [Message].
 *
 * @property arguments the arguments; `null` if their text is not JSON
 * @property argumentsText the arguments as text
 */
public data class ToolCall(
    public val id: String,
    public val name: String,
    public val arguments: JsonElement?,
    public val argumentsText: String,
)

private fun JsonObject.string(name: String) = (this[name] as? JsonPrimitive)?.contentOrNull
