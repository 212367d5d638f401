package dev.tidewire.tests

import dev.tidewire.Decoder
import dev.tidewire.Delta
import dev.tidewire.Dialect
import dev.tidewire.Event
import dev.tidewire.Format
import dev.tidewire.Frame
import dev.tidewire.StreamResult
import dev.tidewire.compactJson
import java.io.File
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The bodies that every language decodes, and what the command prints of them. */
class CasesTest {
    @Serializable
    data class Case(
        val name: String,
        val settings: JsonObject,
        val body: String,
        val chunk: Int,
        val printed: List<String>,
    )

    @Test
    fun `every case prints what the command prints`() {
        val file = System.getenv("TIDEWIRE_CASES") ?: "../../../target/bindings/cases.jsonl"
        var lines = 0
        val wrong = mutableListOf<String>()
        File(file).forEachLine { line ->
            val case = Json.decodeFromString<Case>(line)
            val printed = decoded(case)
            if (printed != case.printed) {
                val at = printed.zip(case.printed).indexOfFirst { (have, want) -> have != want }
                val place = if (at < 0) minOf(printed.size, case.printed.size) else at
                wrong += "${case.name} (chunk ${case.chunk}), line $place:\n  ${printed.getOrNull(place)}\n  not\n  ${case.printed.getOrNull(place)}"
            }
            lines++
        }
        assertTrue(lines > 1000, "$file has $lines cases")
        assertEquals(0, wrong.size, "\n" + wrong.take(20).joinToString("\n"))
        figure("$lines cases print what the command prints")
    }

    private fun decoded(case: Case): List<String> {
        val body = case.body.chunked(2).map { it.toInt(16).toByte() }.toByteArray()
        val decoder = Decoder {
            for ((name, value) in case.settings) {
                val text = { value.jsonPrimitive.content }
                when (name) {
                    "format" -> format = formatOf(text())
                    "dialect" -> dialect = Dialect(text())
                    "maxEventBytes" -> maxEventBytes = value.jsonPrimitive.long
                    "skipOversized" -> skipOversized = value.jsonPrimitive.boolean
                    "deliverUnterminated" -> deliverUnterminated = value.jsonPrimitive.boolean
                    else -> error("an unknown setting: $name")
                }
            }
        }
        return decoder.use {
            val size = if (case.chunk == 0) maxOf(body.size, 1) else case.chunk
            val frames = (body.indices step size).flatMap { at -> it.push(body.copyOfRange(at, minOf(at + size, body.size))) }
            val all = frames + it.finish()
            val result = checkNotNull(it.result)
            all.map(::lineOf) + listOfNotNull(it.reply?.text) + endLine(result)
        }
    }
}

fun formatOf(name: String): Format = Format.valueOf(name.uppercase().replace('-', '_'))

/** Writes JSON objects field by field, as the command does. */
private class Line(type: String) {
    private val text = StringBuilder("{\"type\":\"").append(type).append('"')

    fun raw(name: String, value: String) = apply { text.append(",\"").append(name).append("\":").append(value) }

    fun text(name: String, value: String) = raw(name, quoted(value))

    fun textUnlessEmpty(name: String, value: String?) = if (value.isNullOrEmpty()) this else text(name, value)

    fun number(name: String, value: Number?) = if (value == null) this else raw(name, value.toString())

    fun choice(choice: Int) = if (choice == 0) this else number("choice", choice)

    override fun toString() = "$text}"
}

private fun quoted(text: String): String = buildString {
    append('"')
    for (char in text) {
        when {
            char == '"' || char == '\\' -> append('\\').append(char)
            char == '\n' -> append("\\n")
            char == '\r' -> append("\\r")
            char == '\t' -> append("\\t")
            char == '\b' -> append("\\b")
            char == '\u000C' -> append("\\f")
            char < ' ' -> append("\\u%04x".format(char.code))
            else -> append(char)
        }
    }
    append('"')
}

private fun lineOf(frame: Frame): String = when (frame) {
    is Event -> Line("event").text("event", frame.type).text("data", frame.data).textUnlessEmpty("id", frame.id)
    is Frame.Record -> Line("record").number("index", frame.index).raw("value", compactJson(frame.json))
    is Frame.Text -> Line("text").text("text", frame.text)
    is Frame.Comment -> Line("comment").text("comment", frame.text)
    is Frame.Retry -> Line("retry").number("ms", frame.wait.inWholeMilliseconds)
    is Frame.BadRecord -> Line("error").text("code", frame.code).text("message", frame.message)
        .number("offset", frame.offset).number("limit", frame.limit)
    is Frame.Gap -> Line("gap").textUnlessEmpty("after", frame.after)
    is Frame.Replayed -> Line("replayed").text("id", frame.id)
    is Frame.Stall -> Line("stall").number("silent_ms", frame.silent.inWholeMilliseconds)
    is Frame.Attempt -> Line("attempt").number("attempt", frame.number).number("delay_ms", frame.delay.inWholeMilliseconds)
    is Delta -> deltaLine(frame)
}.toString()

private fun deltaLine(delta: Delta): Line {
    fun line(kind: String) = Line("delta").text("kind", kind)
    return when (delta) {
        is Delta.Start -> line("start").textUnlessEmpty("id", delta.id).textUnlessEmpty("model", delta.model)
            .textUnlessEmpty("created", delta.created)
        is Delta.Text -> line("text").choice(delta.choice).textUnlessEmpty("text", delta.text)
        is Delta.Reasoning -> line("reasoning").choice(delta.choice).textUnlessEmpty("text", delta.text)
        is Delta.Refusal -> line("refusal").choice(delta.choice).textUnlessEmpty("text", delta.text)
        is Delta.ToolCall -> line("tool_call").choice(delta.choice).number("index", delta.index)
            .textUnlessEmpty("id", delta.id).textUnlessEmpty("name", delta.name)
        is Delta.Arguments -> line("arguments").choice(delta.choice).number("index", delta.index)
            .textUnlessEmpty("fragment", delta.fragment)
        is Delta.Usage -> line("usage").number("input_tokens", delta.inputTokens)
            .number("output_tokens", delta.outputTokens).number("total_tokens", delta.totalTokens)
            .number("reasoning_tokens", delta.reasoningTokens).number("cached_tokens", delta.cachedTokens)
            .number("cache_write_tokens", delta.cacheWriteTokens)
        is Delta.Citation -> line("citation").choice(delta.choice).textUnlessEmpty("url", delta.url)
            .textUnlessEmpty("title", delta.title)
        is Delta.Finish -> line("finish").choice(delta.choice).textUnlessEmpty("reason", delta.reason)
            .textUnlessEmpty("said", delta.said)
        is Delta.Error -> line("error").textUnlessEmpty("code", delta.kind).textUnlessEmpty("message", delta.message)
            .raw("retryable", delta.retryable.toString())
        is Delta.Other -> line("other").textUnlessEmpty("name", delta.name).let { line ->
            if (isJson(delta.json)) line.raw("value", compactJson(delta.json)) else line.textUnlessEmpty("value_text", delta.json)
        }
    }
}

private fun isJson(text: String): Boolean = runCatching { Json.decodeFromString<JsonElement>(text) }.isSuccess

private fun endLine(result: StreamResult): String = Line("end").text("outcome", result.outcome.code)
    .number("events", result.stats.events).number("bytes", result.stats.bytes).number("status", result.status)
    .textUnlessEmpty("timeout", result.timeout)
    .apply { if (!result.isSuccess) result.lastEventId?.let { text("cursor", it) } }
    .number("offset", result.offset).number("limit", result.limit)
    .apply { result.error?.let { text("error", it) } }
    .toString()
