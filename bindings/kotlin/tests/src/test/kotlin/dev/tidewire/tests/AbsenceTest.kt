package dev.tidewire.tests

import dev.tidewire.Event
import dev.tidewire.Resume
import dev.tidewire.StreamLifecycle
import dev.tidewire.TidewireException
import dev.tidewire.TidewireStream
import dev.tidewire.tidewire
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TestTimeSource
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** An app that is away for ten minutes by its clock: its connections may be dead without a word, its network another one, its server restarted. */
class AbsenceTest {
    private val schedules = if (isLong) 200 else 24

    @Test
    fun `whatever happens in the background, nothing is lost`() = Serve().use { serve ->
        val times = mutableListOf<Duration>()
        var taken = 0
        for (seed in 0 until schedules / STREAMS) {
            App(serve, Random(seed)).use { app ->
                runBlocking { withTimeout(PATIENCE) { app.live(this) } }
                val log = serve.log()
                app.phones.forEach { it.judge("seed $seed", log) }
                times += app.phones.flatMap { it.times }
                taken += app.phones.sumOf { it.taken }
            }
        }
        times.sort()
        figure(
            "$schedules schedules, ${times.size} returns, $taken events: 0 lost, 0 twice, 0 needless requests; from a return to the " +
                "next event of a live connection median ${times[times.size / 2].shown()}, worst ${times.last().shown()}",
        )
        // The library takes 1 s; the rest is for a busy machine.
        assertTrue(times.last() < 2.seconds, "${times.last()}")
    }

    private companion object {
        /** Each of the streams of an app has a schedule of its own: what became of its connection meanwhile. */
        const val STREAMS = 8
    }

    /** One app with its streams, and a clock that is driven by hand. */
    private class App(serve: Serve, private val random: Random) : AutoCloseable {
        private val clock = TestTimeSource()
        private val tasks = mutableListOf<() -> Unit>()
        private val lifecycle = StreamLifecycle(clock = clock, later = { _, task -> tasks += task })
        private var networks = 0
        val phones = List(STREAMS) { Subscription(serve, random, if (it < 5) "GET" else if (it < 7) "repeatable POST" else "POST") }

        suspend fun live(scope: CoroutineScope) {
            lifecycle.shown(this)
            lifecycle.networkAvailable(networks)
            phones.forEach { it.start(scope) }
            phones.forEach { it.awaitEvents(2) }
            repeat(random.nextInt(2, 5)) {
                delay(random.nextLong(100))
                happen()
                phones.forEach { it.awaitResumed() }
            }
            phones.forEach { it.awaitEvents(5) }
            phones.forEach { it.stop() }
        }

        private suspend fun happen() {
            phones.forEach { it.begin() }
            when (random.nextInt(4)) {
                0 -> changeNetwork()
                1 -> phones.forEach { it.cut() }
                else -> {
                    lifecycle.hidden(this)
                    tasks.removeAll { task -> task(); true }
                    when (random.nextInt(4)) {
                        0 -> changeNetwork()
                        1 -> phones.forEach { it.cut() }
                        else -> phones.forEach { if (random.nextBoolean()) it.kill() }
                    }
                    delay(random.nextLong(60))
                    clock += 10.minutes
                    phones.forEach { it.back() }
                    lifecycle.shown(this)
                    return
                }
            }
            phones.forEach { it.back() }
        }

        /** The old connections die with their network. */
        private fun changeNetwork() {
            phones.forEach { it.kill() }
            lifecycle.networkLost()
            lifecycle.networkAvailable(++networks)
        }

        override fun close() {
            lifecycle.close()
            phones.forEach { it.close() }
        }
    }

    /** A stream with its own way to the server. */
    private class Subscription(serve: Serve, random: Random, private val kind: String) : AutoCloseable {
        private val proxy = Proxy(serve.url)
        private val key = "absence${random.nextLong().toULong()}"
        private val stream: TidewireStream<Event> =
            tidewire("${proxy.url}/sse?ids=true&events=1000000&interval_ms=${random.nextInt(2, 30)}&key=$key") {
                retryDelay = 5.ms
                if (kind != "GET") method = "POST"
                if (kind == "repeatable POST") {
                    idempotencyKey = key
                    resume = Resume.ALWAYS
                }
            }.events()
        private var collector: Job? = null
        @Volatile
        private var problem: String? = null

        /** How many events came, numbered from 1. */
        @Volatile
        var taken = 0
            private set

        /** From a return to the next event of a live connection. */
        val times = mutableListOf<Duration>()

        /** How many times its connection was lost. */
        private var losses = 0
        private var isLost = false
        private var isOver = false

        @Volatile
        private var awaited: Awaited? = null

        private class Awaited(val since: TimeSource.Monotonic.ValueTimeMark, val connections: Int)

        fun start(scope: CoroutineScope) {
            collector = scope.launch(Dispatchers.Default) {
                try {
                    stream.collect(::take)
                } catch (end: TidewireException) {
                    if (end.code != "cancelled" && !(kind == "POST" && losses > 0)) problem = "${end.code}: ${end.message}"
                }
            }
        }

        private fun take(event: Event) {
            if (event.id.toInt() != taken + 1) problem = problem ?: "${event.id} after $taken"
            taken = event.id.toInt()
            val mark = awaited ?: return
            if (proxy.connections < mark.connections) return
            times += mark.since.elapsedNow()
            awaited = null
        }

        fun begin() {
            isLost = false
        }

        fun kill() {
            lose()
            proxy.kill()
        }

        fun cut() {
            lose()
            proxy.cut()
        }

        private fun lose() {
            if (!isLost) losses++
            isLost = true
            if (kind == "POST") isOver = true
        }

        /** The app is back, or has another network: from here on the time counts. */
        fun back() {
            if (!isOver) awaited = Awaited(TimeSource.Monotonic.markNow(), if (isLost) connectionsBefore + 1 else connectionsBefore)
        }

        private val connectionsBefore get() = losses + 1 - (if (isLost) 1 else 0)

        suspend fun awaitResumed() {
            while (awaited != null && problem == null) delay(1)
        }

        suspend fun awaitEvents(more: Int) {
            if (isOver) return
            val target = taken + more
            while (taken < target && problem == null) delay(1)
        }

        suspend fun stop() {
            stream.stop()
            collector?.join()
        }

        fun judge(what: String, log: List<Serve.Request>) {
            assertEquals(null, problem, "$what, $kind")
            val needed = if (kind == "POST") 1 else losses + 1
            assertEquals(needed, log.count { key in it.path }, "$what: requests of a $kind that lost $losses connections")
        }

        override fun close() = proxy.close()
    }
}
