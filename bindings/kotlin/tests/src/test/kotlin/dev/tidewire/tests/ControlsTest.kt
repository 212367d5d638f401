package dev.tidewire.tests

import dev.tidewire.Decoder
import dev.tidewire.Dialect
import dev.tidewire.Event
import dev.tidewire.Outcome
import dev.tidewire.RequestBuilder
import dev.tidewire.StreamState
import dev.tidewire.TidewireClient
import dev.tidewire.TidewireException
import dev.tidewire.TidewireStream
import dev.tidewire.tidewire
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** A stream is cold, reads no further than its collector, and is controlled from any thread. */
class ControlsTest {
    private fun events(path: String, idleTimeout: Duration? = null) =
        tidewire(serve.url + path) { this.idleTimeout = idleTimeout }.events()

    private fun requestsTo(key: String) = serve.log().filter { key in it.path }

    private fun test(body: suspend CoroutineScope.() -> Unit) =
        runBlocking { withTimeout(PATIENCE, body) }

    /** Collects the rest in another coroutine, until it ends. */
    private fun failure(stream: TidewireStream<Event>): TidewireException =
        assertThrows<TidewireException> { runBlocking { stream.collect {} } }

    @Test
    fun `nothing is sent before it is collected, and each collection sends again`() = test {
        val stream = events("/notify?interval_ms=0&key=cold")
        assertEquals(StreamState.Idle, stream.state.first())
        assertNull(stream.result)
        delay(50)
        assertEquals(0, requestsTo("cold").size)
        repeat(2) {
            assertEquals(10, stream.toList().size)
            assertEquals(Outcome.ENDED, stream.result?.outcome)
            assertEquals("10", stream.lastEventId)
            assertEquals(10, stream.result?.stats?.events)
        }
        assertEquals(2, requestsTo("cold").size)
    }

    @Test
    fun `an operator that has enough closes the connection`() = test {
        val stream = events("/endless?key=enough")
        assertEquals(3, stream.take(3).toList().size)
        assertEquals(Outcome.CANCELLED, stream.result?.outcome)
        assertEquals("client_closed", requestEnd("enough"))
    }

    @Test
    fun `an exception in the handler reaches the caller, and closes the connection`() = test {
        val stream = events("/endless?key=throws")
        val thrown = IllegalArgumentException("mine")
        val caught = assertThrows<IllegalArgumentException> { stream.collect { throw thrown } }
        assertSame(thrown, caught)
        assertEquals("client_closed", requestEnd("throws"))
    }

    @Test
    fun `a collector that sleeps stops the server`() = test {
        val stream = events("/endless?key=slow")
        val awake = CountDownLatch(1)
        val collector = launch(Dispatchers.IO) { stream.collect { awake.await() } }
        val received = settled { stream.stats?.bytes ?: 0 }
        assertTrue(received in 1..200_000, "$received bytes were read")
        figure("a collector that sleeps: $received bytes were read of an endless body")
        stream.stop()
        assertEquals("client_closed", requestEnd("slow"))
        collector.cancel()
        awake.countDown()
    }

    /** The value, once it is not 0 and has not changed for a while. */
    private suspend fun settled(value: () -> Long): Long {
        var last = 0L
        while (true) {
            delay(300)
            val now = value()
            if (now > 0 && now == last) return now
            last = now
        }
    }

    @Test
    fun `a paused stream reads nothing, and its limits stand still`() = test {
        val stream = events("/sse?interval_ms=5&events=100&key=paused", idleTimeout = 200.ms)
        stream.pause()
        val taken = AtomicInteger()
        val collector = launch { stream.collect { taken.incrementAndGet() } }
        delay(300)
        assertEquals(0, requestsTo("paused").size)
        stream.resume()
        while (taken.get() < 2) delay(1)
        stream.pause()
        delay(50)
        val before = taken.get()
        delay(400)
        assertEquals(before, taken.get())
        stream.resume()
        collector.join()
        assertEquals(100, taken.get())
        assertEquals(Outcome.ENDED, stream.result?.outcome)
    }

    @Test
    fun `a stream that is taken up again sends another request`() = test {
        val attempts = mutableListOf<String?>()
        val stream = tidewire("${serve.url}/stall?interval_ms=0&ids=true&key=again") {
            onAttempt { attempts += it.reason }
        }.events()
        val collector = launch { stream.collect {} }
        while (stream.stats?.events != 4L) delay(1)
        stream.reconnect()
        while (requestsTo("again").size < 2) delay(5)
        collector.cancelAndJoin()
        assertTrue("kick" in attempts, "$attempts")
    }

    @Test
    fun `stopping closes the socket at once, from any thread`() {
        val times = (1..20).map { round ->
            val stream = events("/stall?interval_ms=0&key=stop$round")
            val taken = AtomicInteger()
            var failure: TidewireException? = null
            val collector = thread {
                failure = assertThrows<TidewireException> {
                    runBlocking { stream.collect { taken.incrementAndGet() } }
                }
            }
            until("four events came") { taken.get().takeIf { it == 4 } }
            val start = TimeSource.Monotonic.markNow()
            stream.stop()
            val end = until("the server sees it") { requestsTo("stop$round").single().response }
            val time = start.elapsedNow()
            collector.join()
            assertEquals("client_closed", end.ended)
            assertEquals("cancelled", failure?.code)
            assertEquals(Outcome.CANCELLED, stream.result?.outcome)
            time
        }.sorted()
        figure("stop → the server sees the socket closed, its log read over HTTP included: median ${times[10].shown()}, worst ${times.last().shown()}")
        assertTrue(times[10] < 1.seconds)
    }

    @Test
    fun `after stopping, everything is a typed error or does nothing`() = test {
        for (isCollected in listOf(true, false)) {
            val stream = events("/notify?interval_ms=0&key=stopped")
            if (isCollected) stream.collect {}
            stream.stop()
            stream.stop()
            stream.pause()
            stream.resume()
            stream.reconnect()
            assertEquals("cancelled", failure(stream).code)
            assertEquals("cancelled", assertThrows<TidewireException> { stream.continuing().collect {} }.code)
            assertEquals(if (isCollected) 10L else 0L, stream.stats?.events)
        }
        val closed = TidewireClient()
        closed.close()
        closed.close()
        assertEquals("usage", assertThrows<TidewireException> { closed.request("http://localhost/").events().collect {} }.code)
        val decoder = Decoder()
        decoder.close()
        assertEquals("usage", assertThrows<TidewireException> { decoder.push(ByteArray(1)) }.code)
    }

    @Test
    fun `a client that is closed leaves its streams alone`() = test {
        val client = TidewireClient { baseUrl = serve.url }
        val stream = client.request("/sse?interval_ms=2&events=50").events()
        var count = 0
        stream.collect { if (count++ == 0) client.close() }
        assertEquals(50, count)
        assertEquals(Outcome.ENDED, stream.result?.outcome)
    }

    @Test
    fun `one collector at a time, whatever threads`() = test {
        val stream = events("/stall?interval_ms=0")
        val first = launch(Dispatchers.IO) { stream.collect {} }
        while (stream.stats?.events != 4L) delay(1)
        assertEquals("usage", failure(stream).code)
        first.cancelAndJoin()
        assertEquals(4, stream.take(4).toList().size)
        // Each of many threads does whatever it likes.
        val racers = (1..8).map { thread ->
            async(Dispatchers.IO) {
                repeat(100) {
                    when ((it + thread) % 6) {
                        0 -> stream.pause()
                        1 -> stream.resume()
                        2 -> stream.reconnect()
                        3 -> stream.stats
                        4 -> stream.lastEventId
                        else -> try {
                            stream.take(1).collect {}
                        } catch (busy: TidewireException) {
                            assertEquals("usage", busy.code)
                        }
                    }
                    stream.resume()
                }
            }
        }
        racers.forEach { it.await() }
        stream.stop()
    }

    @Test
    fun `states are told`() = test {
        val stream = tidewire("${serve.url}/flaky?interval_ms=1&events=30&key=states") { retryDelay = 50.ms }.events()
        val states = async { stream.state.toList() }
        while (!states.isActive) delay(1)
        delay(20)
        stream.collect {}
        val told = states.await()
        assertEquals(StreamState.Idle, told.first())
        assertEquals(StreamState.Closed(Outcome.COMPLETE), told.last())
        assertTrue(StreamState.Open in told, "$told")
        assertEquals(listOf<StreamState>(StreamState.Closed(Outcome.COMPLETE)), stream.state.toList())
    }

    @Test
    fun `slots are shared by the streams of a client`() = test {
        val client = TidewireClient {
            baseUrl = serve.url
            maxConcurrent = 1
            queueTimeout = 50.ms
        }
        val first = client.request("/stall?interval_ms=0").events()
        val collector = launch { first.collect {} }
        while (first.stats?.events != 4L) delay(1)
        val second = client.request("/notify?interval_ms=0").events()
        val queued = failure(second)
        assertEquals("timed_out" to "queue", queued.code to queued.timeout)
        collector.cancelAndJoin()
        second.collect {}
        assertEquals(Outcome.ENDED, second.result?.outcome)
        client.close()
    }

    @Test
    fun `a refusal carries what the server said`() = test {
        val refused = assertThrows<TidewireException> { events("/auth").collect {} }
        assertEquals(Outcome.REFUSED to 401, refused.outcome to refused.status)
        assertTrue(refused.headers.isNotEmpty())
        assertNotNull(refused.result?.header("Content-Type"))
        assertTrue(checkNotNull(refused.body).isNotEmpty())
    }

    @Test
    fun `mistakes are named before anything is sent`() = test {
        fun mistake(url: String = "${serve.url}/mistakes", build: RequestBuilder.() -> Unit = {}) =
            assertThrows<TidewireException> { runBlocking { tidewire(url, build).frames().collect {} } }
        for ((mistake, said) in listOf(
            mistake("localhost:80/x") to "http",
            mistake { dialect = Dialect("gpt") } to "openai-chat",
            mistake { method = "a b" } to "method",
            mistake { jsonText("{") } to "JSON",
            mistake { endOn = listOf("json:=") } to "json:PATH=VALUE",
            mistake { header("a b", "") } to "a b",
            mistake { body("x"); json(1) } to "one body",
            mistake { timeout = (-1).milliseconds } to "timeout",
            mistake { retryDelay = Duration.INFINITE } to "retryDelay",
            mistake { retryAttempts = -1 } to "retryAttempts",
        )) {
            assertEquals("usage", mistake.code)
            assertTrue(said in mistake.message.orEmpty(), "${mistake.message} does not say $said")
        }
        assertEquals(0, requestsTo("mistakes").size)
    }

    private fun requestEnd(key: String): String? = until("the request has ended") {
        serve.log().filter { key in it.path }.mapNotNull { it.response?.ended }.firstOrNull()
    }

    companion object {
        private val serve by lazy { Serve() }

        @JvmStatic
        @AfterAll
        fun stop() = serve.close()
    }
}
