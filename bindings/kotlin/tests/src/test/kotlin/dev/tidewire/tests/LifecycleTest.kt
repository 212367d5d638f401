package dev.tidewire.tests

import dev.tidewire.Event
import dev.tidewire.InBackground
import dev.tidewire.StreamLifecycle
import dev.tidewire.TidewireException
import dev.tidewire.TidewireStream
import dev.tidewire.tidewire
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.TestTimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What a lifecycle does to which stream. Its clock is driven by hand; connections die in [AbsenceTest]. */
class LifecycleTest {
    private val clock = TestTimeSource()
    private val tasks = mutableListOf<() -> Unit>()
    private val lifecycle = StreamLifecycle(clock = clock, later = { _, task -> tasks += task })
    private val proxy = Proxy(serve.url)
    private val screen = Any()

    @AfterEach
    fun close() {
        lifecycle.close()
        proxy.close()
    }

    /** A stream that is being collected. */
    private inner class Reader(scope: CoroutineScope, val stream: TidewireStream<Event>) {
        val taken = AtomicInteger()

        @Volatile
        var code: String? = null
        val job: Job = scope.launch(Dispatchers.Default) {
            try {
                stream.collect { taken.incrementAndGet() }
            } catch (end: TidewireException) {
                code = end.code
            }
        }

        suspend fun reads(): Reader {
            val target = taken.get() + 3
            while (taken.get() < target) delay(1)
            return this
        }

        suspend fun rests() {
            delay(50)
            val before = taken.get()
            delay(150)
            assertEquals(before, taken.get(), "it is paused")
        }
    }

    private fun test(body: suspend CoroutineScope.() -> Unit): Unit = runBlocking {
        withTimeout(PATIENCE) {
            lifecycle.shown(screen)
            body()
            coroutineContext.cancelChildren()
        }
    }

    private fun CoroutineScope.read(choice: InBackground? = null) =
        Reader(this, tidewire("${proxy.url}/sse?ids=true&events=1000000&interval_ms=2") { inBackground = choice }.events())

    private fun hide(time: Duration = 10.minutes) {
        lifecycle.hidden(screen)
        runTasks()
        clock += time
    }

    private fun runTasks() = tasks.removeAll { task -> task(); true }

    @Test
    fun `each stream does in the background what was chosen for it`() = test {
        val pauses = read().reads()
        val stops = read(InBackground.STOP).reads()
        val continues = read(InBackground.CONTINUE).reads()
        val ignores = read(InBackground.IGNORE).reads()
        hide()
        pauses.rests()
        stops.job.join()
        assertEquals("cancelled", stops.code)
        continues.reads()
        ignores.reads()
        // It begins in the background, so somebody wants it there.
        val begins = read().reads()
        lifecycle.shown(screen)
        for (reader in listOf(pauses, continues, ignores, begins)) reader.reads()
        assertEquals(5, proxy.connections, "every connection was alive")
    }

    @Test
    fun `a short hide is none, and neither is another screen's`() = test {
        val stops = read(InBackground.STOP).reads()
        val dialog = Any()
        lifecycle.shown(dialog)
        lifecycle.hidden(dialog)
        runTasks()
        lifecycle.hidden(screen)
        clock += 300.ms
        val turned = Any()
        lifecycle.shown(turned)
        runTasks()
        stops.reads()
        lifecycle.hidden(turned)
        runTasks()
        stops.job.join()
    }

    /** A phone that falls asleep at once runs no task before it wakes. */
    @Test
    fun `an absence counts even if nothing was paused`() = test {
        val reader = read().reads()
        lifecycle.hidden(screen)
        proxy.kill()
        clock += 10.minutes
        lifecycle.shown(screen)
        runTasks()
        while (proxy.connections < 2) delay(1)
        reader.reads()
    }

    @Test
    fun `a computer that slept is an absence`() = test {
        val reader = read().reads()
        proxy.kill()
        lifecycle.slept(10.minutes)
        while (proxy.connections < 2) delay(1)
        reader.reads()
    }

    @Test
    fun `a stream that its caller paused stays paused`() = test {
        val reader = read().reads()
        hide()
        reader.stream.pause()
        lifecycle.shown(screen)
        reader.rests()
        hide()
        reader.stream.resume()
        reader.rests()
        lifecycle.shown(screen)
        reader.reads()
    }

    @Test
    fun `the next collection is not held for an earlier one`() = test {
        val reader = read().reads()
        hide()
        reader.job.cancelAndJoin()
        Reader(this, reader.stream).reads()
    }

    @Test
    fun `another network connects again, the first one and a lost one do not`() = test {
        val reader = read().reads()
        val ignores = read(InBackground.IGNORE).reads()
        lifecycle.networkAvailable("a")
        lifecycle.networkAvailable("a")
        lifecycle.networkLost()
        reader.reads()
        assertEquals(2, proxy.connections)
        for ((change, network) in listOf("b", "c").withIndex()) {
            lifecycle.networkAvailable(network)
            while (proxy.connections < 3 + change) delay(1)
            reader.reads()
        }
        ignores.reads()
        assertEquals(4, proxy.connections)
    }

    @Test
    fun `the first network after none is another one`() = test {
        val reader = read().reads()
        lifecycle.networkLost()
        lifecycle.networkAvailable("a")
        while (proxy.connections < 2) delay(1)
        reader.reads()
    }

    @Test
    fun `a choice can change, and what was paused reads on`() = test {
        val reader = read().reads()
        hide()
        reader.rests()
        lifecycle.inBackground = InBackground.IGNORE
        lifecycle.shown(screen)
        reader.reads()
        hide()
        reader.reads()
    }

    @Test
    fun `a closed lifecycle does nothing, and what it paused reads on`() = test {
        val reader = read().reads()
        hide()
        reader.rests()
        lifecycle.close()
        reader.reads()
        lifecycle.shown(screen)
        hide()
        lifecycle.networkAvailable("a")
        lifecycle.networkAvailable("b")
        lifecycle.slept(10.minutes)
        reader.reads()
        assertEquals(1, proxy.connections)
    }

    @Test
    fun `a stream that is left open is paused as well`() = test {
        val stream = tidewire("${proxy.url}/sse?ids=true&events=1000000&interval_ms=2").events()
        var taken = 0
        suspend fun take() = launch(Dispatchers.Default) { stream.continuing().collect { taken++ } }
        val first = take()
        while (taken < 3) delay(1)
        first.cancelAndJoin()
        hide()
        val before = taken
        val second = take()
        delay(200)
        // What had been handed over before it was paused still comes.
        val rest = taken
        delay(200)
        assertEquals(rest, taken)
        lifecycle.shown(screen)
        while (taken < before + 100) delay(1)
        assertNotEquals(before, taken)
        second.cancelAndJoin()
        stream.stop()
        assertTrue(proxy.connections == 1)
    }

    companion object {
        private val serve by lazy { Serve() }

        @JvmStatic
        @AfterAll
        fun stop() = serve.close()
    }
}
