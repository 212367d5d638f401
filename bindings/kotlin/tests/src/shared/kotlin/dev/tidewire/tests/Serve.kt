package dev.tidewire.tests

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json

/** How long anything here may take at most, on a busy machine. */
val PATIENCE: Duration = 60.seconds

/** The scripted server, on a free port. */
class Serve : AutoCloseable {
    private val process: Process = ProcessBuilder(program(), "serve", "--port", "0")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    private val http: HttpClient = HttpClient.newHttpClient()

    /** Its URL, without a trailing slash. */
    val url: String

    init {
        // It also ends with this program, however that ends.
        Runtime.getRuntime().addShutdownHook(Thread { process.destroyForcibly() })
        val lines = process.inputStream.bufferedReader()
        val first = lines.readLine() ?: error("the server does not start")
        url = json.decodeFromString<Listening>(first).url
        // What it logs is read through its URL.
        thread(isDaemon = true) { lines.useLines { it.forEach { } } }
    }

    fun log(): List<Request> {
        val request = HttpRequest.newBuilder(URI("$url/_log")).build()
        return json.decodeFromString(http.send(request, BodyHandlers.ofString()).body())
    }

    /** Waits until all requests have ended, and returns them. */
    fun ended(): List<Request> = until("all requests have ended") { log().takeIf { log -> log.all { it.response != null } } }

    override fun close() {
        process.destroy()
        check(process.waitFor(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)) { "the server does not stop" }
    }

    @Serializable
    data class Listening(val url: String)

    @Serializable
    data class Request(
        val number: Long,
        val method: String,
        val path: String,
        val headers: Map<String, String>,
        val body: String,
        val response: Response? = null,
    )

    @Serializable
    data class Response(val status: Int? = null, val ended: String, @SerialName("ended_ms") val endedMs: Long)

    private companion object {
        val json = Json { ignoreUnknownKeys = true }

        fun program(): String {
            val program = checkNotNull(System.getenv("TIDEWIRE")) { "TIDEWIRE is to be the path of the program `tidewire`" }
            check(File(program).canExecute()) { "$program is not a program" }
            return program
        }
    }
}

/** Asks again until there is something. */
fun <T : Any> until(what: String, ask: () -> T?): T {
    val start = TimeSource.Monotonic.markNow()
    while (start.elapsedNow() < PATIENCE) {
        ask()?.let { return it }
        Thread.sleep(2)
    }
    error("not within $PATIENCE: $what")
}

/** Whether the long tier runs. */
val isLong: Boolean = System.getenv("TIDEWIRE_LONG") == "1"

/** What the measured figures are printed with, for the report of the tests. */
fun figure(what: String) = println("FIGURE $what")

fun Duration.shown(): String = (inWholeMicroseconds / 1000.0).toString() + " ms"

val Int.ms: Duration get() = milliseconds
