package dev.tidewire.tests

import dev.tidewire.TidewireClient
import dev.tidewire.TidewireStream
import java.io.File
import java.lang.management.ManagementFactory
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Memory, threads and files. */
class ResourcesTest {
    private fun test(body: suspend CoroutineScope.() -> Unit) = runBlocking { withTimeout(PATIENCE * 2, body) }

    @Test
    fun `streams that are abandoned leave nothing behind`() = Serve().use { serve ->
        TidewireClient { baseUrl = serve.url }.use { client ->
            suspend fun rounds(count: Int) = repeat(count) { round ->
                val stream = client.request("/endless").events()
                when (round % 4) {
                    // Left at once, left open and forgotten, never collected, left by an exception.
                    0 -> stream.first()
                    1 -> {
                        stream.continuing().first()
                        if (round % 8 == 1) stream.stop()
                    }
                    2 -> stream.state.first()
                    else -> try {
                        stream.collect { error("mine") }
                    } catch (_: IllegalStateException) {
                    }
                }
            }
            test {
                rounds(250)
                val (before, files) = settled(serve)
                rounds(1000)
                val (after, filesAfter) = settled(serve)
                figure("1,000 streams opened and abandoned: ${(after - before) / 1024} KiB more, $files → $filesAfter files")
                assertTrue(after - before < 24 shl 20, "$before → $after bytes")
                assertTrue(filesAfter <= files + 8, "$files → $filesAfter files")
            }
        }
    }

    /** Memory and files, once what is unreachable has gone. */
    private suspend fun settled(serve: Serve): Pair<Long, Int> {
        until("abandoned connections are closed") {
            System.gc()
            Thread.sleep(50)
            serve.log().takeIf { log -> log.all { it.response != null } }
        }
        delay(50)
        return residentBytes() to File("/proc/self/fd").list().orEmpty().size
    }

    @Test
    fun `a thousand open streams take two threads`() = Serve().use { serve ->
        TidewireClient { baseUrl = serve.url }.use { client ->
            test {
                // What the first stream brings with it does not count.
                client.request("/notify?interval_ms=0").events().collect {}
                fun open(count: Int) = List(count) {
                    val stream = client.request("/stall?interval_ms=0").events()
                    stream to launch(Dispatchers.Default) { stream.collect {} }
                }
                suspend fun allCame(streams: List<TidewireStream<*>>) {
                    // Each question leaves garbage behind, which is not what is measured.
                    for (stream in streams) while (stream.stats?.events != 4L) delay(50)
                }
                val first = open(50)
                allCame(first.map { it.first })
                val (heap, resident) = heapBytes() to residentBytes()
                val streams = open(COUNT)
                allCame(streams.map { it.first })
                val eachHeap = (heapBytes() - heap) / COUNT
                val each = (residentBytes() - resident) / COUNT
                val threads = nativeThreads()
                figure("$COUNT open streams: ${eachHeap / 1024.0} KiB each in Java's heap, ${each / 1024} KiB each outside it; native threads: $threads")
                assertTrue(threads.size <= 2, "$threads")
                assertTrue(eachHeap < 32 * 1024, "$eachHeap bytes each in the heap")
                assertTrue(each < 128 * 1024, "$each bytes each outside the heap")
                for ((_, collector) in first + streams) collector.cancel()
                assertEquals(COUNT + 51, serve.ended().size)
            }
        }
    }

    /** What is reachable in Java's heap. JNA gives up what belongs to garbage a while after it was found. */
    private fun heapBytes(): Long {
        repeat(5) {
            System.gc()
            Thread.sleep(50)
        }
        return ManagementFactory.getMemoryMXBean().heapMemoryUsage.used
    }

    /** All memory. The heap has its full size from the beginning, so it does not grow. */
    private fun residentBytes(): Long {
        val status = File("/proc/self/status").readLines().single { it.startsWith("VmRSS:") }
        return status.filter(Char::isDigit).toLong() * 1024
    }

    private fun nativeThreads(): List<String> = File("/proc/self/task").listFiles().orEmpty()
        .mapNotNull { runCatching { File(it, "comm").readText().trim() }.getOrNull() }
        .filter { "tidewire" in it || "tokio" in it }

    private companion object {
        const val COUNT = 1000
    }
}
