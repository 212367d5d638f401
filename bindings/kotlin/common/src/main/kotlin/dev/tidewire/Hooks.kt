package dev.tidewire

import dev.tidewire.native.HookException
import dev.tidewire.native.RequestChanges
import dev.tidewire.native.RequestHook
import dev.tidewire.native.RequestHooks
import dev.tidewire.native.RequestView
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.runBlocking

/** The request of one attempt, as it would be sent, for a function that looks at it and changes it. */
public class AttemptRequest internal constructor(view: RequestView) {
    /** Which attempt of the stream it is, from 1. */
    public val attempt: Int = view.attempt.toInt()

    /** Why it is made; `null` for the first. See [Frame.Attempt.reason]. */
    public val reason: String? = view.reason

    /** The cursor from which the stream continues. */
    public val cursor: String? = view.cursor

    /** The method. */
    public var method: String = view.method
        set(value) {
            field = value
            newMethod = value
        }

    /** The URL with its query. A relative one is resolved against the present one. */
    public var url: String = view.url
        set(value) {
            field = value
            newUrl = value
        }

    /** The body; `null` takes it away. */
    public var body: ByteArray? = view.body
        set(value) {
            field = value
            isNewBody = true
        }

    /** The headers, those included that the client adds. */
    public val headers: List<Pair<String, String>> get() = sent

    /** The value of a header. */
    public fun header(name: String): String? = sent.find { it.first.equals(name, ignoreCase = true) }?.second

    /** Sets a header, in place of those of the same name. */
    public fun header(name: String, value: String) {
        sent = sent.filterNot { it.first.equals(name, ignoreCase = true) } + (name to value)
        newHeaders = newHeaders.filterNot { it.first.equals(name, ignoreCase = true) } + (name to value)
    }

    private var sent = view.headers.map { (name, value) -> name to value }
    private var newHeaders = emptyList<Pair<String, String>>()
    private var newMethod: String? = null
    private var newUrl: String? = null
    private var isNewBody = false

    internal fun changes() = RequestChanges(
        method = newMethod,
        url = newUrl,
        headers = headersOf(newHeaders),
        body = body.takeIf { isNewBody },
        clearBody = isNewBody && body == null,
    )
}

internal fun hooksOf(
    job: CompletableJob,
    prepare: List<suspend AttemptRequest.() -> Unit>,
    refresh: (suspend AttemptRequest.() -> Unit)?,
    resume: (suspend AttemptRequest.() -> Unit)?,
) = RequestHooks(
    prepare = if (prepare.isEmpty()) null else Hook(job) { for (change in prepare) change() },
    refresh = refresh?.let { Hook(job, it) },
    resume = resume?.let { Hook(job, it) },
)

/** A function of the caller. It runs on a thread that may block, and ends with its stream, whose [job] is a supervisor: a failure is that of one attempt. */
private class Hook(
    private val job: CompletableJob,
    private val change: suspend AttemptRequest.() -> Unit,
) : RequestHook {
    @Suppress("TooGenericExceptionCaught")
    override fun change(request: RequestView): RequestChanges = try {
        val attempt = AttemptRequest(request)
        runBlocking(job) { attempt.change() }
        attempt.changes()
    } catch (problem: Throwable) {
        // An `Error` as well: nothing may go through the native library.
        throw HookException.Failed(problem.message ?: problem.toString())
    }
}

/** The functions that hear the notices of a stream. */
internal class Notices(
    private val onAttempt: (suspend (Frame.Attempt) -> Unit)? = null,
    private val onStall: (suspend (Frame.Stall) -> Unit)? = null,
    private val onGap: (suspend (Frame.Gap) -> Unit)? = null,
    private val onReplayed: (suspend (Frame.Replayed) -> Unit)? = null,
    private val onBadRecord: (suspend (Frame.BadRecord) -> Unit)? = null,
) {
    val hearsBadRecords: Boolean get() = onBadRecord != null

    suspend fun hear(notice: Frame) {
        when (notice) {
            is Frame.Attempt -> onAttempt?.invoke(notice)
            is Frame.Stall -> onStall?.invoke(notice)
            is Frame.Gap -> onGap?.invoke(notice)
            is Frame.Replayed -> onReplayed?.invoke(notice)
            is Frame.BadRecord -> onBadRecord?.invoke(notice)
            is Event, is Delta, is Frame.Record, is Frame.Text, is Frame.Comment, is Frame.Retry -> {}
        }
    }
}
