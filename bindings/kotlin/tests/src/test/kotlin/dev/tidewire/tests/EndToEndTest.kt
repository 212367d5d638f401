package dev.tidewire.tests

import dev.tidewire.Delta
import dev.tidewire.Dialect
import dev.tidewire.Event
import dev.tidewire.Frame
import dev.tidewire.RequestBuilder
import dev.tidewire.StreamResult
import dev.tidewire.TidewireClient
import dev.tidewire.TidewireException
import dev.tidewire.TidewireRequest
import dev.tidewire.TidewireStream
import java.io.File
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** The list that every language reads from the scripted server. */
class EndToEndTest {
    @Serializable
    data class Row(
        val name: String,
        val kind: String,
        val path: String,
        val settings: JsonObject,
        val expect: JsonObject,
    )

    @Serializable
    data class Rows(val about: String, val rows: List<Row>)

    @Test
    fun `every row of the list`() {
        val rows = Json.decodeFromString<Rows>(File("../../end_to_end.json").readText()).rows
        val wrong = mutableListOf<String>()
        Serve().use { serve ->
            TidewireClient { baseUrl = serve.url }.use { client ->
                rows.forEachIndexed { number, row ->
                    val path = row.path.replace("{key}", "kotlin-$number")
                    val seen = runBlocking { withTimeout(PATIENCE) { Seen.of(client, path, row) } }
                    for ((key, want) in row.expect) {
                        val have = seen.had(key)
                        val holds = when (key) {
                            "message" -> want.jsonPrimitive.content in have.jsonPrimitive.content
                            "text_begins" -> have.jsonPrimitive.content.startsWith(want.jsonPrimitive.content)
                            "notices" -> have.jsonArray.containsAll(want.jsonArray)
                            else -> have == want
                        }
                        if (!holds) wrong += "${row.name}: $key is $have, not $want; ${seen.result}"
                    }
                }
            }
        }
        assertEquals(emptyList<String>(), wrong)
        figure("${rows.size} rows of the end-to-end list")
    }

    /** The result of a row. */
    private class Seen {
        val records = mutableListOf<Any>()
        val notices = mutableListOf<String>()
        lateinit var result: StreamResult

        fun had(key: String): JsonElement = when (key) {
            "code" -> JsonPrimitive(result.outcome.code)
            "records" -> JsonPrimitive(records.size)
            "ids" -> JsonPrimitive(
                records.withIndex().all { (at, record) -> (record as Event).id == (at + 1).toString() },
            )
            "text_begins" -> JsonPrimitive(
                records.joinToString("") { record ->
                    when (record) {
                        is String -> record
                        is Delta.Text -> record.text
                        else -> ""
                    }
                },
            )
            "attempts" -> JsonPrimitive(result.stats.attempts)
            "status" -> result.status?.let(::JsonPrimitive) ?: JsonNull
            "timeout" -> JsonPrimitive(result.timeout)
            "limit" -> result.limit?.let(::JsonPrimitive) ?: JsonNull
            "message" -> JsonPrimitive(result.message)
            "notices" -> JsonArray(notices.map(::JsonPrimitive))
            "finish" -> JsonPrimitive(result.reply?.finish)
            else -> error("no such expectation: $key")
        }

        private suspend fun take(stream: TidewireStream<Any>) {
            try {
                stream.collect { item ->
                    when (item) {
                        is Event, is Delta, is Frame.Record, is Frame.Text, !is Frame -> records += item
                        is Frame.Comment -> notices += "comment"
                        else -> {}
                    }
                }
                result = checkNotNull(stream.result)
                check(result.isSuccess) { "no exception for $result" }
            } catch (end: TidewireException) {
                result = checkNotNull(stream.result) { "no result: $end" }
                check(end.code == result.outcome.code && !result.isSuccess && end.result === result)
            }
        }

        companion object {
            suspend fun of(client: TidewireClient, path: String, row: Row): Seen {
                val seen = Seen()
                val request = client.request(path) {
                    onAttempt { if (it.number > 1) seen.notices += "attempt" }
                    onStall { seen.notices += "stall" }
                    onGap { seen.notices += "gap" }
                    onReplayed { seen.notices += "replayed" }
                    onBadRecord { seen.notices += it.code }
                    set(row.settings)
                }
                seen.take(streamOf(row.kind, request))
                return seen
            }

            private fun streamOf(kind: String, request: TidewireRequest): TidewireStream<Any> = when (kind) {
                "events" -> request.events()
                "records" -> request.records<JsonElement>()
                "text" -> request.texts()
                "reply" -> request.deltas()
                "frames" -> request.frames()
                else -> error("no such kind: $kind")
            }
        }
    }
}

/** Sets the options of a row, by their names. */
private fun RequestBuilder.set(settings: JsonObject) {
    for ((name, value) in settings) {
        val texts = { value.jsonArray.map { it.jsonPrimitive.content } }
        val time = { value.jsonPrimitive.long.milliseconds }
        when (name) {
            "method" -> method = value.jsonPrimitive.content
            "body" -> body(value.jsonPrimitive.content)
            "json" -> json(value)
            "dialect" -> dialect = Dialect(value.jsonPrimitive.content)
            "lastEventId" -> lastEventId = value.jsonPrimitive.content
            "follow" -> follow = value.jsonPrimitive.boolean
            "idempotencyKey" -> idempotencyKey = value.jsonPrimitive.content
            "endOn" -> endOn = texts()
            "heartbeatOn" -> heartbeatOn = texts()
            "maxEventBytes" -> maxEventBytes = value.jsonPrimitive.long
            "skipOversized" -> skipOversized = value.jsonPrimitive.boolean
            "retryAttempts" -> retryAttempts = value.jsonPrimitive.int
            "retryDelay" -> retryDelay = time()
            "firstEventTimeout" -> firstEventTimeout = time()
            "idleTimeout" -> idleTimeout = time()
            "progressTimeout" -> progressTimeout = time()
            "timeout" -> timeout = time()
            "stallAfter" -> stallAfter = time()
            else -> error("an unknown option: $name")
        }
    }
}
