package dev.tidewire.tests

import dev.tidewire.TidewireStream
import dev.tidewire.decode
import dev.tidewire.tidewire
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import java.util.concurrent.TimeUnit
import kotlin.system.exitProcess
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The jars as they are packed. */
class PackagingTest {
    @Test
    fun `the classes and the native library come from the packed jars`() {
        decode("data: x\n\n".encodeToByteArray())
        val api = TidewireStream::class.java.protectionDomain.codeSource.location.path
        assertTrue(api.endsWith(".jar"), api)
        val library = File(System.getProperty("uniffi.component.tidewire_ffi.libraryOverride"))
        assertTrue(library.path.startsWith(System.getProperty("java.io.tmpdir")) || ".cache" in library.path, library.path)
        val jar = System.getProperty("java.class.path").split(File.pathSeparator).single { "tidewire-jvm" in it }
        assertTrue(jar.endsWith(".jar"), jar)
        figure("the jar with the native library takes ${File(jar).length() / 1024} KiB")
    }

    @Test
    fun `the example of the README runs as printed`() = Serve().use { serve ->
        val readme = File("../README.md").readText()
        val printed = readme.substringAfter("```kotlin\n").substringBefore("```")
        assertEquals(File("src/test/kotlin/Example.kt").readText(), printed, "README.md and Example.kt differ")
        val out = ByteArrayOutputStream()
        val before = System.out
        System.setOut(PrintStream(out))
        try {
            Class.forName("ExampleKt").getMethod("main", Array<String>::class.java).invoke(null, arrayOf(serve.url))
        } finally {
            System.setOut(before)
        }
        val lines = out.toString().trim().lines()
        assertTrue(lines.last().startsWith("complete"), lines.last())
        assertTrue(lines.size > 2, out.toString())
    }

    /** A program that ends while streams are read, in each of the ways in which programs end. */
    @Test
    fun `programs end with open streams`() = Serve().use { serve ->
        for (way in listOf("return", "exit", "throw")) {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val process = ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Exits::class.java.name, serve.url, way)
                .redirectErrorStream(true).redirectOutput(File.createTempFile("tidewire", ".log").apply { deleteOnExit() })
                .start()
            val ended = process.waitFor(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)
            if (!ended) process.destroyForcibly()
            assertTrue(ended, "$way: the program does not end")
            assertEquals(mapOf("return" to 0, "exit" to 7, "throw" to 1)[way], process.exitValue(), way)
        }
        assertTrue(serve.ended().isNotEmpty())
    }
}

/** See the test above. */
object Exits {
    @OptIn(kotlinx.coroutines.DelicateCoroutinesApi::class)
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (url, way) = arguments
        val streams = List(8) { tidewire("$url/endless").events() }
        streams.forEach { GlobalScope.launch(Dispatchers.Default) { it.collect { } } }
        until("events come") { streams.takeIf { all -> all.all { (it.stats?.events ?: 0) > 100 } } }
        when (way) {
            "exit" -> exitProcess(7)
            "throw" -> error("mine")
        }
    }
}
