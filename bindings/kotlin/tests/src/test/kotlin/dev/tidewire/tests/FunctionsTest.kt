package dev.tidewire.tests

import dev.tidewire.Delta
import dev.tidewire.Outcome
import dev.tidewire.TidewireClient
import dev.tidewire.TidewireException
import dev.tidewire.tidewire
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.coroutineContext
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** The caller's functions: those that make requests, and those that hear notices. */
class FunctionsTest {
    private fun test(body: suspend CoroutineScope.() -> Unit) = runBlocking { withTimeout(PATIENCE, body) }

    private fun requestsTo(key: String) = serve.log().filter { key in it.path }

    @Test
    fun `headers are made for each attempt, by functions that may suspend`() = test {
        val stream = tidewire("${serve.url}/flaky?interval_ms=0&events=30&key=headers") {
            retryDelay = 1.ms
            headers {
                delay(1)
                mapOf("x-attempt" to "${it.attempt} ${it.cursor}")
            }
            prepare {
                // Later functions see what earlier ones have set.
                header("x-signed", "$method ${header("X-Attempt")}")
            }
        }.events()
        stream.collect {}
        val sent = requestsTo("key=headers").map { it.headers["x-attempt"] to it.headers["x-signed"] }
        assertTrue(sent.size > 1)
        assertEquals("1 null" to "GET 1 null", sent.first())
        sent.forEachIndexed { at, (attempt, _) -> assertTrue(attempt.orEmpty().startsWith("${at + 1} "), "$sent") }
    }

    @Test
    fun `a token is renewed after a 401`() = test {
        val renewed = AtomicInteger()
        val stream = tidewire("${serve.url}/auth?interval_ms=0&key=refresh") {
            refresh {
                renewed.incrementAndGet()
                header("authorization", "Bearer fresh")
            }
        }.events()
        stream.collect {}
        assertEquals(Outcome.COMPLETE, stream.result?.outcome)
        assertEquals(1, renewed.get())
    }

    @Test
    fun `a function makes the request that continues`() = test {
        val stream = tidewire("${serve.url}/notify?interval_ms=0&cut_at=100") {
            body("{}")
            retryDelay = 1.ms
            resume {
                method = "GET"
                url = "/notify?interval_ms=0&last_event_id=$cursor"
                body = null
            }
        }.events()
        assertEquals((1..10).map(Int::toString), stream.toList().map { it.id })
        assertEquals(Outcome.ENDED, stream.result?.outcome)
    }

    @Test
    fun `a function that throws is an attempt that did not connect`() = test {
        for (problem in listOf(IllegalStateException("no token"), StackOverflowError("too deep"))) {
            val stream = tidewire("${serve.url}/notify?key=throws") {
                retryAttempts = 0
                prepare { throw problem }
            }.events()
            val end = assertThrows<TidewireException> { stream.collect {} }
            assertEquals("unreachable", end.code)
            assertTrue(problem.message.orEmpty() in end.message.orEmpty(), end.message)
        }
        assertEquals(0, requestsTo("key=throws").size)
    }

    @Test
    fun `a function that sleeps delays its own stream alone, and ends with it`() = test {
        val ended = AtomicInteger()
        val stream = tidewire("${serve.url}/notify?key=sleeps") {
            prepare {
                try {
                    delay(PATIENCE)
                } finally {
                    ended.incrementAndGet()
                }
            }
        }.events()
        val blocked = tidewire("${serve.url}/notify?interval_ms=0") { prepare { Thread.sleep(2000) } }.events()
        val slow = launch { stream.collect {} }
        val blocking = async { blocked.toList() }
        delay(100)
        val start = TimeSource.Monotonic.markNow()
        assertEquals(10, tidewire("${serve.url}/notify?interval_ms=0").events().toList().size)
        assertTrue(!blocking.isCompleted || start.elapsedNow() > 1000.ms)
        slow.cancel()
        slow.join()
        while (ended.get() == 0) delay(1)
        assertEquals(0, requestsTo("key=sleeps").size)
        assertEquals(10, blocking.await().size)
    }

    @Test
    fun `notices are heard in the collector's own context`() = test {
        val names = mutableListOf<String?>()
        val threads = mutableListOf<ContinuationInterceptor?>()
        withContext(Dispatchers.IO + CoroutineName("collector")) {
            tidewire("${serve.url}/stall?interval_ms=0&silence_ms=300") {
                stallAfter = 50.ms
                onAttempt {
                    delay(1)
                    names += coroutineContext[CoroutineName]?.name
                    threads += coroutineContext[ContinuationInterceptor]
                }
                onStall { names += coroutineContext[CoroutineName]?.name }
            }.events().collect { names += coroutineContext[CoroutineName]?.name }
        }
        assertEquals(setOf<String?>("collector"), names.toSet())
        assertEquals(setOf<ContinuationInterceptor?>(Dispatchers.IO), threads.toSet())
    }

    @Test
    fun `a notice that throws ends the stream for its collector`() = test {
        val stream = tidewire("${serve.url}/endless?key=notice") { onAttempt { error("mine") } }.events()
        assertEquals("mine", assertThrows<IllegalStateException> { stream.collect {} }.message)
        assertEquals(Outcome.CANCELLED, stream.result?.outcome)
    }

    @Serializable
    data class Wrong(val none: Int)

    @Serializable
    data class Row(val index: Int? = null, val done: Boolean = false)

    @Test
    fun `records are read as the caller's type`() = test {
        fun request(hear: (suspend (String) -> Unit)?) = tidewire("${serve.url}/ndjson?interval_ms=0&events=4") {
            endOn = listOf("json:done=true")
            if (hear != null) onBadRecord { hear(it.code) }
        }
        assertEquals(5, request(null).records<Row>().toList().size)
        val mismatch = assertThrows<TidewireException> { request(null).records<Wrong>().collect {} }
        assertEquals("bad_record", mismatch.code)
        val heard = mutableListOf<String>()
        assertEquals(emptyList<Wrong>(), request { heard += it }.records<Wrong>().toList())
        assertEquals(List(5) { "bad_record" }, heard)
    }

    @Test
    fun `a reply adds up to its message`() = test {
        val stream = tidewire("${serve.url}/llm?dialect=anthropic&interval_ms=0") { json(mapOf("model" to "m")) }.deltas()
        val text = stream.toList().filterIsInstance<Delta.Text>().joinToString("") { it.text }
        val reply = checkNotNull(stream.result?.reply)
        assertTrue(text.isNotEmpty())
        assertEquals(text, reply.content)
        assertEquals("tool_calls", reply.finish)
        assertEquals("anthropic", reply.dialect?.name)
        assertTrue(reply.toolCalls.all { it.name.isNotEmpty() && it.arguments != null })
        assertTrue((reply.usage?.outputTokens ?: 0) > 0)
        val texts = tidewire("${serve.url}/llm?dialect=anthropic&interval_ms=0") { dialect = dev.tidewire.Dialect.AUTO }.texts()
        assertEquals(text, texts.toList().joinToString(""))
    }

    @Test
    fun `a client's settings are those of its requests`() = test {
        TidewireClient {
            baseUrl = serve.url
            header("x-client", "yes")
            secretHeader("authorization", "Bearer secret")
            defaults {
                query("interval_ms", "0")
                retryAttempts = 0
            }
        }.use { client ->
            val stream = client.request("/auth") {
                query("key", "client")
                header("x-own", "too")
            }.events()
            stream.collect {}
            val request = requestsTo("key=client").single()
            assertEquals("yes" to "too", request.headers["x-client"] to request.headers["x-own"])
            assertEquals("present", request.headers["authorization"])
        }
    }

    companion object {
        private val serve by lazy { Serve() }

        @JvmStatic
        @AfterAll
        fun stop() = serve.close()
    }
}
