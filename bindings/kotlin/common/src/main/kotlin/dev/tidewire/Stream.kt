package dev.tidewire

import dev.tidewire.native.Batch
import dev.tidewire.native.Item
import dev.tidewire.native.NativeStream
import dev.tidewire.native.StreamStats as NativeStats
import java.util.EnumSet
import java.util.concurrent.CancellationException
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/**
 * A stream: a cold [Flow] of what it delivers, how it ended, and its controls.
 *
 * Nothing is sent before it is collected, and nothing is read faster than its collector takes it. When collecting ends, for whatever
 * reason, the connection is closed: at the end of the stream, when the collector is cancelled or throws, or when an operator such as
 * `first()` has enough. Collecting it again sends the request again.
 *
 * Unless the outcome is [Outcome.COMPLETE] or [Outcome.ENDED], collecting ends with a [TidewireException].
 *
 * *No item is lost when a collector is cancelled.* An item counts as taken when it is certain to reach its collector, and
 * [lastEventId] is that of the last one taken. [continuing] leaves the connection open for the next collector. Operators with a queue of
 * their own (`buffer`, `flowOn`, `channelFlow`, `conflate`) lose what is in it.
 *
 * All members may be called from any thread.
 */
public class TidewireStream<out T : Any> internal constructor(
    private val open: suspend (CompletableJob) -> NativeStream,
    private val notices: Notices,
    private val isReply: Boolean,
    /** What the request says of the background; `null` if it leaves that to the [StreamLifecycle]. */
    internal val inBackground: InBackground?,
    private val read: (Item) -> T?,
) : Flow<T> {
    private val isCollected = AtomicBoolean()
    private val runs = MutableStateFlow<Run?>(null)

    /** Why it reads nothing at present; also the lock under which it is paused and resumed. */
    private val holds = EnumSet.noneOf(Hold::class.java)

    @Volatile
    private var isStopped = false

    /** How the stream ended; `null` while it is not over. After a second collection it is that one's. */
    public val result: StreamResult? get() = runs.value?.result

    /** What the stream received so far. */
    public val stats: StreamStats?
        get() = runs.value?.let { run -> run.result?.stats ?: run.ask { statsOf(stats()) } ?: run.result?.stats }

    /** The cursor after the last item that the collector took. Another stream can continue from it: see [RequestBuilder.lastEventId]. */
    public val lastEventId: String?
        get() = runs.value?.let { run ->
            run.result?.lastEventId ?: run.ask { lastEventId(run.next) } ?: run.result?.lastEventId
        }

    /** The message of an LLM's reply, as far as it arrived; `null` for other streams. */
    public val reply: Message?
        get() = if (!isReply) null else runs.value?.let { run -> run.result?.reply ?: run.ask { message() }?.let(::Message) ?: run.result?.reply }

    /** The format of the present response: `sse`, `ndjson` and so on; `null` before it is known. */
    public val format: Format?
        get() = runs.value?.ask { format() }?.let { code -> Format.entries.find { it.code == code && it != Format.AUTO } }

    /** The dialect in which a reply is read, once a record has identified it. */
    public val dialect: Dialect? get() = runs.value?.ask { dialect() }?.takeIf { it != "auto" }?.let(::Dialect)

    /** What the stream is doing, and whatever it does next, up to [StreamState.Closed]. States that pass quickly may be left out. */
    public val state: Flow<StreamState>
        get() = flow {
            if (runs.value == null) emit(StreamState.Idle)
            val run = runs.filterNotNull().first()
            var state = run.state()
            emit(state)
            while (state !is StreamState.Closed) {
                state = run.stateAfter(state)
                emit(state)
            }
        }

    override suspend fun collect(collector: FlowCollector<T>) {
        val run = begin()
        try {
            deliver(run, collector)
        } finally {
            finish(run)
            isCollected.set(false)
        }
    }

    /**
     * The same items for a collector that is cancelled and comes back. However collecting ends, the connection stays open, and the next
     * collection, of this flow or of the stream, begins with the first item that was not taken. The caller calls [stop] in the end.
     */
    public fun continuing(): Flow<T> = object : Flow<T> {
        override suspend fun collect(collector: FlowCollector<T>) {
            val run = begin()
            try {
                deliver(run, collector)
            } finally {
                if (run.isOver || isStopped) finish(run)
                isCollected.set(false)
            }
        }
    }

    /** Reads nothing until [resume]. The limits on silence stand still. Called before the stream is collected, it holds it back. */
    public fun pause(): Unit = hold(Hold.CALLER)

    /** Continues after [pause]. A stream that a [StreamLifecycle] has paused continues when that does. */
    public fun resume(): Unit = release(Hold.CALLER)

    internal fun hold(reason: Hold): Unit = synchronized(holds) {
        holds += reason
        runs.value?.ask { pause() }
    }

    internal fun release(reason: Hold): Unit = synchronized(holds) {
        holds -= reason
        if (holds.isEmpty()) runs.value?.ask { resume() }
    }

    /** Connects again at once, if the request may be sent again: the network is back, or the stream seems dead. */
    public fun reconnect() {
        runs.value?.ask { reconnect() }
    }

    /**
     * Looks whether the stream is alive after an absence: an app was in the background, a laptop slept. [away] is how long that was.
     *
     * A stream that waits connects at once. If the absence or the silence was as long as [RequestBuilder.stallAfter], the connection gets a
     * second to show that it is alive; then another request continues the stream, if that loses nothing.
     */
    public fun check(away: Duration = Duration.ZERO) {
        val ms = milliseconds("away", away)
        runs.value?.ask { check(ms) }
    }

    /**
     * Stops the stream for good, and closes its connection. Items that were read are still delivered; then collecting ends with a
     * [TidewireException] of the code `cancelled`, and so does every later attempt to collect it.
     */
    public fun stop() {
        isStopped = true
        val run = runs.value
        run?.ask { stop() }
        // Nobody else finishes a stream that is left open.
        if (isCollected.compareAndSet(false, true)) {
            finish(run ?: Run(native = null, SupervisorJob()).also { runs.value = it })
            isCollected.set(false)
        }
    }

    /** The run that a collector continues, or else a new one. */
    private suspend fun begin(): Run {
        if (!isCollected.compareAndSet(false, true)) {
            if (isStopped) throw stopped()
            throw TidewireException.usage("the stream is being collected; make another stream of the request")
        }
        try {
            if (isStopped) throw stopped()
            runs.value?.takeIf { it.result == null }?.let { return it }
            OpenStreams.add(this)
            NativeLibrary.load()
            val job = SupervisorJob()
            val run = Run(open(job), job)
            runs.value = run
            // These may have been called in the meantime.
            synchronized(holds) { if (holds.isNotEmpty()) run.ask { pause() } }
            if (isStopped) run.ask { stop() }
            return run
        } catch (problem: Throwable) {
            leaveOpenStreams()
            isCollected.set(false)
            throw problem
        }
    }

    private fun stopped() = TidewireException(Outcome.CANCELLED.code, "the stream was stopped", result)

    private suspend fun deliver(run: Run, collector: FlowCollector<T>) {
        val context = coroutineContext
        val job = context[Job]
        val interceptor = context[ContinuationInterceptor]
        val isUnconfined = interceptor == null || interceptor === Dispatchers.Unconfined
        while (true) {
            val batch = if (isUnconfined) withContext(Dispatchers.Default) { run.nextBatch() } else run.nextBatch()
            for (item in batch.items) {
                job?.ensureActive()
                // From here on the item counts as taken. Nothing suspends before its collector has it, so it cannot be lost; were it
                // counted later, it would come a second time.
                run.next++
                val value = try {
                    read(item)
                } catch (mismatch: IllegalArgumentException) {
                    misread(mismatch)
                    continue
                }
                if (value != null) collector.emit(value) else notices.hear(frameOf(item))
            }
            val end = batch.end ?: continue
            run.isOver = true
            val result = resultOf(end, message(run), lastEventId = run.ask { lastEventId(run.next) })
            run.result = result
            if (!result.isSuccess) throw TidewireException(result)
            return
        }
    }

    /** A record that does not fit the type that the caller expects. */
    private suspend fun misread(mismatch: IllegalArgumentException) {
        val message = mismatch.message ?: mismatch.toString()
        if (!notices.hearsBadRecords) throw TidewireException("bad_record", message, cause = mismatch)
        notices.hear(Frame.BadRecord("bad_record", message, offset = null, limit = null))
    }

    /** Closes the connection and gives up the native stream; what is known about it stays. */
    private fun finish(run: Run) {
        leaveOpenStreams()
        run.ask { stop() }
        if (run.result == null) run.result = cancelled(run)
        run.job.cancel()
        run.native?.close()
    }

    /** A [StreamLifecycle] no longer knows it. What it was held for is over; the next run is a new one. */
    private fun leaveOpenStreams() {
        OpenStreams.remove(this)
        synchronized(holds) { holds -= Hold.BACKGROUND }
    }

    /** Of a stream whose consumer did not take it to its end, whatever the stream's own outcome. */
    private fun cancelled(run: Run) = StreamResult(
        outcome = Outcome.CANCELLED,
        message = if (isStopped) "the stream was stopped" else "its collector stopped collecting it",
        lastEventId = run.ask { lastEventId(run.next) },
        stats = statsOf(run.ask { stats() } ?: NativeStats(null, null, 0u, 0u, 0u, 0u, 0u)),
        reply = message(run)?.let(::Message),
    )

    private fun message(run: Run): String? = if (isReply) run.ask { message() } else null
}

/** One run of a stream: its request, all further attempts, and its end. One without a native stream was stopped before it began. */
private class Run(val native: NativeStream?, val job: CompletableJob) {
    /** The stream's number for [Direct]. */
    private val direct: Long? = native?.direct()?.toLong()

    /** The number of the item that the consumer takes next. */
    @Volatile
    var next: ULong = 0UL

    /** The consumer has taken everything, the end included. */
    @Volatile
    var isOver = false

    @Volatile
    var result: StreamResult? = null

    /** The next items. They come again if the call is cancelled, and until a later call acknowledges them. */
    suspend fun nextBatch(): Batch =
        direct?.let { Direct.nextBatch(it, next) } ?: calling { checkNotNull(native).nextBatch(next, Direct.most.toUInt()) }

    /** Calls the native stream, unless it was given up; in that case there is a result. */
    inline fun <R> ask(call: NativeStream.() -> R): R? = try {
        native?.call()
    } catch (_: IllegalStateException) {
        null
    }

    fun state(): StreamState = ask { stateOf(state()) } ?: closed()

    suspend fun stateAfter(state: StreamState): StreamState = try {
        native?.nextState(name(state))?.let(::stateOf) ?: closed()
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (_: IllegalStateException) {
        closed()
    }

    private fun closed() = StreamState.Closed(result?.outcome ?: Outcome.CANCELLED)

    private fun name(state: StreamState) = when (state) {
        StreamState.Idle -> "idle"
        StreamState.Connecting -> "connecting"
        StreamState.Open -> "open"
        is StreamState.Waiting -> "waiting"
        is StreamState.Closed -> "closed"
    }
}
