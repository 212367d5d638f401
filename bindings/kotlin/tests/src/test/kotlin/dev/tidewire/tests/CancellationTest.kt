package dev.tidewire.tests

import dev.tidewire.Event
import dev.tidewire.Outcome
import dev.tidewire.TidewireClient
import dev.tidewire.TidewireException
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlin.time.Duration.Companion.microseconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** No event is lost and none is delivered twice, whenever a collector is cancelled. */
class CancellationTest {
    private val rounds = if (isLong) 10_000 else 1000
    private val random = Random(13)

    @Serializable
    data class Numbered(val index: String)

    /** Events that are numbered from 0, as they are taken. */
    private class Taken {
        val next = AtomicLong()
        var wrong = 0

        fun take(event: Event) {
            val number = event.json<Numbered>().index.toLong()
            if (number != next.get()) wrong++
            next.set(number + 1)
        }
    }

    /** Cancels collectors of one stream until there were so many cancellations. */
    private fun cancelled(what: String, dispatcher: CoroutineDispatcher, slow: Boolean) = Serve().use { serve ->
        TidewireClient { baseUrl = serve.url }.use { client ->
            val stream = client.request("/endless?interval_ms=${if (slow) 0 else 1}").events()
            val taken = Taken()
            var collections = 0
            runBlocking {
                while (collections < rounds) {
                    val collector = launch(dispatcher) {
                        stream.continuing().collect { event ->
                            taken.take(event)
                            // The server could send ten times as much in this time, and more.
                            if (slow) delay(50.microseconds) else if (taken.next.get() % 64 == 0L) yield()
                        }
                    }
                    pause()
                    collector.cancelAndJoin()
                    collections++
                }
                // What is there after the last cancellation.
                val before = taken.next.get()
                val last = launch(dispatcher) { stream.continuing().collect { taken.take(it) } }
                withTimeout(PATIENCE) { while (taken.next.get() < before + 1000) delay(1.ms) }
                last.cancelAndJoin()
            }
            stream.stop()
            assertEquals(0, taken.wrong, "events were lost or delivered twice")
            assertEquals(Outcome.CANCELLED, stream.result?.outcome)
            figure("$what: $rounds cancellations, ${taken.next} events, 0 lost, 0 twice")
            assertTrue(serve.ended().size == 1)
        }
    }

    /** A random time, often none. */
    private suspend fun pause() {
        when (random.nextInt(4)) {
            0 -> yield()
            1 -> delay(random.nextInt(3).ms)
            else -> {
                val until = System.nanoTime() + random.nextInt(300_000)
                while (System.nanoTime() < until) Thread.onSpinWait()
            }
        }
    }

    @Test
    fun `collectors on other threads`() = cancelled("collectors on other threads", Dispatchers.Default, slow = false)

    @Test
    fun `slow collectors`() = cancelled("collectors slower than the server", Dispatchers.Default, slow = true)

    @Test
    fun `collectors without a dispatcher`() = cancelled("unconfined collectors", Dispatchers.Unconfined, slow = false)

    /** A cancelled collector closes the connection; the next stream continues after the last event that was taken. */
    @Test
    fun `a cancelled stream is continued by another one`() = Serve().use { serve ->
        TidewireClient { baseUrl = serve.url }.use { client ->
            var taken = 0
            var streams = 0
            var cursor: String? = null
            var wrong = 0
            runBlocking {
                withTimeout(PATIENCE) {
                    while (taken < 300) {
                        streams++
                        val before = taken
                        val stream = client.request("/sse?ids=true&events=300&interval_ms=${random.nextInt(2)}") {
                            lastEventId = cursor
                            endOn = emptyList()
                        }.events()
                        val collector = launch(Dispatchers.Default) {
                            try {
                                stream.collect { event ->
                                    if (event.id.toInt() != taken + 1) wrong++
                                    taken = event.id.toInt()
                                    if (random.nextInt(8) == 0) yield()
                                }
                            } catch (end: TidewireException) {
                                fail(end)
                            }
                        }
                        // Most of them get an event first; the others are cancelled while they connect or wait.
                        if (random.nextInt(4) > 0) while (taken == before && collector.isActive) delay(1)
                        delay(random.nextInt(4).ms)
                        collector.cancelAndJoin()
                        cursor = stream.lastEventId ?: cursor
                        if (cursor?.toInt() ?: 0 != taken) wrong++
                    }
                }
            }
            assertEquals(0, wrong, "events were lost or delivered twice")
            assertTrue(streams > 1, "nothing was cancelled")
            figure("$streams streams, each cancelled and continued by the next: 0 of $taken events lost, 0 twice")
        }
    }

    private fun fail(end: TidewireException): Nothing = throw AssertionError("the stream ended: ${end.message}", end)
}
