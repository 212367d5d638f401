/** Compares three clients that read the same server in the same run: CPU per event, memory, events lost when a collector is cancelled. */

import com.launchdarkly.eventsource.ConnectStrategy
import com.launchdarkly.eventsource.EventSource as DarklyEventSource
import com.launchdarkly.eventsource.MessageEvent
import dev.tidewire.TidewireClient
import java.io.File
import java.lang.management.ManagementFactory
import java.net.URI
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.channels.trySendBlocking
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import okhttp3.Dispatcher
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.sse.EventSource
import okhttp3.sse.EventSourceListener
import okhttp3.sse.EventSources

private const val EVENTS = 200_000L
private const val SINGLE_EVENTS = 3_000L
private const val STREAMS = 200
private const val ROUNDS = 200

/** A client, as a flow of the ids and data of events. */
private interface Client {
    val name: String

    /** [cursor] is sent as the last event id. The id that the next stream continues from goes to [seen], in the way that is usual for the client. */
    fun events(url: String, cursor: String? = null, seen: (String) -> Unit = {}): Flow<Pair<String, String>>
}

private object Tidewire : Client {
    override val name = "tidewire"
    private val client = TidewireClient()

    override fun events(url: String, cursor: String?, seen: (String) -> Unit): Flow<Pair<String, String>> {
        val stream = client.request(url) { lastEventId = cursor }.events()
        // The library knows what its collector took.
        return object : Flow<Pair<String, String>> {
            override suspend fun collect(collector: kotlinx.coroutines.flow.FlowCollector<Pair<String, String>>) = try {
                stream.collect { collector.emit(it.id to it.data) }
            } finally {
                stream.lastEventId?.let(seen)
            }
        }
    }
}

private object OkHttp : Client {
    override val name = "okhttp-sse"
    private val http = OkHttpClient.Builder().readTimeout(0, TimeUnit.SECONDS)
        .dispatcher(Dispatcher().apply { maxRequests = 10_000; maxRequestsPerHost = 10_000 }).build()
    private val factory = EventSources.createFactory(http)

    override fun events(url: String, cursor: String?, seen: (String) -> Unit): Flow<Pair<String, String>> = callbackFlow {
        val request = Request.Builder().url(url).apply { cursor?.let { header("Last-Event-ID", it) } }.build()
        val source = factory.newEventSource(request, object : EventSourceListener() {
            override fun onEvent(eventSource: EventSource, id: String?, type: String?, data: String) {
                id?.let(seen)
                if (data == "[DONE]") close() else trySendBlocking((id ?: "") to data)
            }

            override fun onClosed(eventSource: EventSource) {
                close()
            }

            override fun onFailure(eventSource: EventSource, t: Throwable?, response: Response?) {
                close(t)
            }
        })
        awaitClose { source.cancel() }
    }
}

private object Darkly : Client {
    override val name = "okhttp-eventsource"

    override fun events(url: String, cursor: String?, seen: (String) -> Unit): Flow<Pair<String, String>> = callbackFlow {
        val source = DarklyEventSource.Builder(ConnectStrategy.http(URI(url)).readTimeout(0, TimeUnit.SECONDS))
            .apply { cursor?.let(::lastEventId) }.build()
        val reader = thread(name = "reader") {
            try {
                for (message: MessageEvent in source.messages()) {
                    message.lastEventId?.let(seen)
                    if (message.data == "[DONE]") break
                    trySendBlocking((message.lastEventId ?: "") to message.data)
                }
                close()
            } catch (end: Exception) {
                close()
            }
        }
        awaitClose {
            source.close()
            reader.interrupt()
        }
    }
}

private val clients = listOf(Tidewire, OkHttp, Darkly)

/** It warns of each connection that a cancelled stream leaves behind. */
private val okHttpLog = java.util.logging.Logger.getLogger("okhttp3.OkHttpClient").apply { level = java.util.logging.Level.OFF }

fun main() {
    check(okHttpLog.level == java.util.logging.Level.OFF)
    val program = checkNotNull(System.getenv("TIDEWIRE")) { "TIDEWIRE is to be the path of the program `tidewire`" }
    val process = ProcessBuilder(program, "serve", "--port", "0").redirectError(ProcessBuilder.Redirect.INHERIT).start()
    try {
        val lines = process.inputStream.bufferedReader()
        val url = lines.readLine().substringAfter("\"url\":\"").substringBefore('"')
        thread(isDaemon = true) { lines.forEachLine { } }
        measured("CPU per event in µs, as fast as they come (256 B each)", rounds = 10) {
            cpuPerEvent(it, "$url/endless?bytes=${EVENTS * 256}", EVENTS)
        }
        println("CPU per event in µs, the same in batches of one")
        val most = Class.forName("dev.tidewire.Direct").getField("most")
        most.setInt(null, 1)
        repeat(8) { cpuPerEvent(Tidewire, "$url/endless?bytes=${EVENTS / 4 * 256}", EVENTS / 4) }
        most.setInt(null, 256)
        measured("CPU per event in µs, one at a time, 1 ms apart", rounds = 3) {
            cpuPerEvent(it, "$url/sse?interval_ms=1&events=$SINGLE_EVENTS", SINGLE_EVENTS)
        }
        measured("memory in KiB of an open stream, of $STREAMS") { memoryPerStream(it, "$url/stall?interval_ms=0") }
        measured("events lost in $ROUNDS cancelled streams, each continued by the next", ratios = false) {
            lost(it, "$url/sse?ids=true&interval_ms=0&events=1000000")
        }
    } finally {
        process.destroy()
        process.waitFor()
    }
    // Idle threads of the other clients would hold it up for a minute.
    kotlin.system.exitProcess(0)
}

private fun measured(what: String, ratios: Boolean = true, rounds: Int = 1, measure: (Client) -> Double) {
    println(what)
    // In turn, so that all have the same conditions; the best round of each counts, since the first ones compile.
    val figures = (1..rounds).flatMap { clients.map { it to measure(it) } }.groupBy({ it.first }, { it.second }).mapValues { it.value.min() }
    val own = figures.getValue(Tidewire)
    for ((client, figure) in figures) {
        val ratio = if (ratios && client != Tidewire) "  = %.1f × tidewire".format(figure / own) else ""
        println("  %-20s %10.2f%s".format(client.name, figure, ratio))
    }
}

private fun cpuPerEvent(client: Client, url: String, events: Long): Double {
    val before = cpuNanos() to nativeNanos()
    var count = 0L
    var bytes = 0L
    runBlocking(Dispatchers.Default) {
        client.events(url).collect { (_, data) ->
            count++
            bytes += data.length
        }
    }
    check(count >= events && bytes > 0) { "${client.name} got $count events" }
    val all = (cpuNanos() - before.first) / 1000.0 / count
    val native = (nativeNanos() - before.second) / 1000.0 / count
    if (client == Tidewire) println("  (tidewire: %.2f in its native thread, %.2f above it)".format(native, all - native))
    return all
}

private fun cpuNanos(): Long =
    (ManagementFactory.getOperatingSystemMXBean() as com.sun.management.OperatingSystemMXBean).processCpuTime

/** Of the thread that reads all streams. */
private fun nativeNanos(): Long = File("/proc/self/task").listFiles().orEmpty()
    .filter { runCatching { File(it, "comm").readText().trim() }.getOrNull() == "tidewire" }
    .sumOf { runCatching { File(it, "schedstat").readText().substringBefore(' ').toLong() }.getOrDefault(0) }

private fun memoryPerStream(client: Client, url: String): Double = runBlocking(Dispatchers.Default) {
    suspend fun open(count: Int): List<kotlinx.coroutines.Job> {
        val came = java.util.concurrent.atomic.AtomicInteger()
        val jobs = List(count) { launch { client.events(url).collect { came.incrementAndGet() } } }
        while (came.get() < count * 4) delay(5)
        return jobs
    }
    val first = open(10)
    settle()
    val before = usedBytes()
    val threadsBefore = Thread.activeCount()
    val jobs = open(STREAMS)
    settle()
    val each = (usedBytes() - before) / 1024.0 / STREAMS
    println("  (${client.name}: ${File("/proc/self/task").list().orEmpty().size} threads of the process, ${Thread.activeCount() - threadsBefore} more of Java)")
    (first + jobs).forEach { it.cancelAndJoin() }
    each
}

private fun settle() {
    repeat(3) {
        System.gc()
        Thread.sleep(100)
    }
}

/** What is reachable in Java's heap, and everything outside it, such as the stacks of threads. */
private fun usedBytes(): Long {
    val resident = File("/proc/self/status").readLines().single { it.startsWith("VmRSS:") }.filter(Char::isDigit).toLong() * 1024
    return resident + ManagementFactory.getMemoryMXBean().heapMemoryUsage.used
}

private fun lost(client: Client, url: String): Double = runBlocking {
    val random = Random(13)
    var taken = 0L
    var lost = 0L
    var twice = 0L
    var cursor: String? = null
    repeat(ROUNDS) {
        val from = cursor
        val collector = launch(Dispatchers.Default) {
            client.events(url, from) { cursor = it }.collect { (id, _) ->
                val number = id.toLong()
                if (number <= taken) twice++ else lost += number - taken - 1
                taken = maxOf(taken, number)
            }
        }
        delay(5L + random.nextInt(15))
        collector.cancelAndJoin()
        // A thread that is still in its handler.
        delay(5)
    }
    println("  (${client.name}: $taken events, $twice twice)")
    lost.toDouble()
}
