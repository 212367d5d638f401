package dev.tidewire

import kotlin.time.Duration

/** How a stream ended. Only [COMPLETE] and [ENDED] are success. [code] is the same word in every language. */
public enum class Outcome(public val code: String) {
    /** The stream's own end marker arrived. */
    COMPLETE("complete"),

    /** The body ended cleanly, and no marker was expected. */
    ENDED("ended"),

    /** The body ended or broke before its marker or inside a record, and could not be resumed. */
    TRUNCATED("truncated"),

    /** The server reported an error inside the stream. */
    FAILED("failed"),

    /** The status or the content type is not acceptable. */
    REFUSED("refused"),

    /** A limit was reached; [StreamResult.timeout] says which. */
    TIMED_OUT("timed_out"),

    /** No attempt got a record. */
    UNREACHABLE("unreachable"),

    /** A record exceeded its limit, or the body could not be decoded. */
    UNREADABLE("unreadable"),

    /** The caller stopped it, or stopped collecting it. */
    CANCELLED("cancelled"),

    /** The caller's mistake: an option, a URL, a header. Nothing was sent. */
    USAGE("usage"),

    /** A defect of this library. */
    INTERNAL("internal"),
    ;

    /** Whether everything that the server meant to send has come. */
    public val isSuccess: Boolean get() = this == COMPLETE || this == ENDED

    internal companion object {
        fun of(code: String): Outcome = entries.find { it.code == code } ?: INTERNAL
    }
}

/** How a stream ended, and what its consumer received. */
public class StreamResult internal constructor(
    /** The outcome. */
    public val outcome: Outcome,
    /** What to tell people; empty for a success. */
    public val message: String,
    /** The cursor after the last item that the consumer took, from which another stream can continue. */
    public val lastEventId: String?,
    /** What the stream received. */
    public val stats: StreamStats,
    /** The whole message of an LLM's reply, as far as it arrived; `null` for other streams. */
    public val reply: Message?,
    /** What the transport or the server said about the failure; of a refusal, the server's reason. */
    public val error: String? = null,
    /** The HTTP status of a refusal. */
    public val status: Int? = null,
    /** The headers of the refused response. */
    public val headers: List<Pair<String, String>> = emptyList(),
    /** The body of the refused response, up to 64 KiB. */
    public val body: ByteArray? = null,
    /** The wait that a refusal asked for, if it was too long to be honoured. */
    public val retryAfter: Duration? = null,
    /** Which limit passed: `connect`, `first_event`, `idle`, `progress`, `total` or `queue`. */
    public val timeout: String? = null,
    /** Where the body became unreadable, in bytes of the decoded body. */
    public val offset: Long? = null,
    /** The limit that a record exceeded, in bytes. */
    public val limit: Long? = null,
) {
    /** Whether everything that the server meant to send has come. */
    public val isSuccess: Boolean get() = outcome.isSuccess

    /** A header of the refused response. */
    public fun header(name: String): String? = headers.find { it.first.equals(name, ignoreCase = true) }?.second

    override fun toString(): String =
        if (message.isEmpty()) "${outcome.code}, ${stats.events} events" else "${outcome.code}: $message"
}

/**
 * What a stream received so far, and how long it took.
 *
 * @property firstByte from the start to the first byte of a body
 * @property firstEvent from the start to the first record
 * @property bytes bytes of the decoded bodies
 * @property events records that were delivered
 * @property attempts requests that were sent
 * @property longestSilence the longest silence on the wire while the consumer was asking
 * @property elapsed from the start to the end, or to now
 */
public data class StreamStats(
    public val firstByte: Duration?,
    public val firstEvent: Duration?,
    public val bytes: Long,
    public val events: Long,
    public val attempts: Int,
    public val longestSilence: Duration,
    public val elapsed: Duration,
)

/** What a stream is doing. */
public sealed interface StreamState {
    /** It is not being collected yet. */
    public data object Idle : StreamState

    /** A request is on its way. */
    public data object Connecting : StreamState

    /** A response is being read. */
    public data object Open : StreamState

    /** It waits, for the rest of [delay], before it connects again. */
    public data class Waiting(public val delay: Duration) : StreamState

    /** It is over. */
    public data class Closed(public val outcome: Outcome) : StreamState
}

/**
 * A stream did not end well, or a call cannot be carried out.
 *
 * @property code the outcome's code, the same in every language; `bad_record` for a record that is not what the caller expects
 * @property result how the stream ended; `null` if there was none
 */
public class TidewireException internal constructor(
    public val code: String,
    message: String,
    public val result: StreamResult? = null,
    cause: Throwable? = null,
) : Exception(message, cause) {
    /** The outcome; `null` for a [code] that is none. */
    public val outcome: Outcome? get() = Outcome.entries.find { it.code == code }

    /** See [StreamResult.status]. */
    public val status: Int? get() = result?.status

    /** See [StreamResult.headers]. */
    public val headers: List<Pair<String, String>> get() = result?.headers.orEmpty()

    /** See [StreamResult.body]. */
    public val body: ByteArray? get() = result?.body

    /** See [StreamResult.timeout]. */
    public val timeout: String? get() = result?.timeout

    /** See [StreamResult.retryAfter]. */
    public val retryAfter: Duration? get() = result?.retryAfter

    /** See [StreamResult.offset]. */
    public val offset: Long? get() = result?.offset

    /** See [StreamResult.limit]. */
    public val limit: Long? get() = result?.limit

    /** See [StreamResult.lastEventId]. */
    public val lastEventId: String? get() = result?.lastEventId

    internal constructor(result: StreamResult) : this(result.outcome.code, result.message, result)

    internal companion object {
        fun usage(message: String, cause: Throwable? = null) =
            TidewireException(Outcome.USAGE.code, message, cause = cause)
    }
}
