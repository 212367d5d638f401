package dev.tidewire

import dev.tidewire.native.CursorPlace
import dev.tidewire.native.CursorSettings
import dev.tidewire.native.Item
import dev.tidewire.native.RequestSettings
import dev.tidewire.native.StreamKind
import kotlin.time.Duration
import kotlinx.coroutines.CompletableJob
import kotlinx.serialization.DeserializationStrategy
import kotlinx.serialization.SerializationStrategy
import kotlinx.serialization.json.Json
import kotlinx.serialization.serializer

/** A request of the client that all callers share: `tidewire(url) { json(question) }.events().collect { … }`. */
public fun tidewire(url: String, build: RequestBuilder.() -> Unit = {}): TidewireRequest =
    TidewireClient.shared.request(url, build)

@DslMarker
internal annotation class TidewireDsl

/** A request. Each stream that is made of it sends it each time it is collected. */
public class TidewireRequest internal constructor(
    private val client: TidewireClient,
    private val options: RequestBuilder,
) {
    /** The events of an SSE stream. */
    public fun events(): TidewireStream<Event> = stream(StreamKind.EVENTS) { item ->
        if (item is Item.Event) Event(item.event, item.data, item.id) else null
    }

    /** JSON records of any format, or the data of SSE events. A record that does not fit [T] is a bad record: see [RequestBuilder.onBadRecord]. */
    public inline fun <reified T : Any> records(json: Json = TidewireJson): TidewireStream<T> =
        records(json.serializersModule.serializer<T>(), json)

    /** The same with a [deserializer]. */
    public fun <T : Any> records(
        deserializer: DeserializationStrategy<T>,
        json: Json = TidewireJson,
    ): TidewireStream<T> = stream(StreamKind.RECORDS) { item ->
        if (item is Item.Record) json.decodeFromString(deserializer, item.json) else null
    }

    /** Text as it arrives, never a broken character: of the text format, the data of events, or the text of a reply if there is a [RequestBuilder.dialect]. */
    public fun texts(): TidewireStream<String> = stream(StreamKind.TEXT) { item -> (item as? Item.Text)?.text }

    /** The deltas of an LLM's reply. They add up to [StreamResult.reply]. */
    public fun deltas(dialect: Dialect = options.dialect ?: Dialect.AUTO): TidewireStream<Delta> =
        stream(StreamKind.REPLY, dialect) { item -> (item as? Item.Reply)?.let { deltaOf(it.delta) } }

    /** Everything: records, comments, and the notices for which the other kinds of streams have hooks. */
    public fun frames(): TidewireStream<Frame> = stream(StreamKind.FRAMES) { item -> frameOf(item) }

    private fun <T : Any> stream(
        kind: StreamKind,
        dialect: Dialect? = options.dialect,
        read: (Item) -> T?,
    ): TidewireStream<T> = TidewireStream(
        open = { job -> client.open(kind, options.settings(dialect), options.hooks(job)) },
        notices = if (kind == StreamKind.FRAMES) Notices() else options.notices(),
        isReply = kind == StreamKind.REPLY,
        inBackground = options.inBackground,
        read = read,
    )
}

/** The parts of a request, and how its response is read. What is not set has the default of the documentation. */
@TidewireDsl
public class RequestBuilder internal constructor(internal val url: String) {
    /** The method: GET by default, and POST with a body. */
    public var method: String? = null

    /** Adds a header. */
    public fun header(name: String, value: String) {
        headers += name to value
    }

    /** Adds a header that is never shown, nor taken to another origin by a redirect. */
    public fun secretHeader(name: String, value: String) {
        secretHeaders += name to value
    }

    /** Adds a parameter to the URL's query. */
    public fun query(name: String, value: String) {
        query += name to value
    }

    /** The body: a value, as JSON. */
    public inline fun <reified T> json(value: T, json: Json = TidewireJson): Unit =
        json(json.serializersModule.serializer<T>(), value, json)

    /** The same with a [serializer]. */
    public fun <T> json(serializer: SerializationStrategy<T>, value: T, json: Json = TidewireJson) {
        jsonText = json.encodeToString(serializer, value)
    }

    /** The body: JSON text. */
    public fun jsonText(text: String) {
        jsonText = text
    }

    /** The body: bytes. */
    public fun body(bytes: ByteArray) {
        body = bytes
    }

    /** The body: text. */
    public fun body(text: String): Unit = body(text.encodeToByteArray())

    /** The body: fields of a form. */
    public fun form(vararg fields: Pair<String, String>) {
        form = fields.toList()
    }

    /** How the body is framed; found out from the content type by default. */
    public var format: Format? = null

    /** The dialect in which [TidewireRequest.texts], [TidewireRequest.frames] and [TidewireRequest.deltas] read an LLM's reply. */
    public var dialect: Dialect? = null

    /** The most bytes of one record; 16 MiB by default. */
    public var maxEventBytes: Long? = null

    /** Leave out records beyond that, and report them to [onBadRecord]. */
    public var skipOversized: Boolean = false

    /** Deliver an SSE block whose blank line is missing at the end. */
    public var deliverUnterminated: Boolean = false

    /** End markers: a data value (`[DONE]`), `event:NAME` or `json:PATH=VALUE`. An empty list turns the default off. */
    public var endOn: List<String>? = null

    /** Failure markers, written in the same way. An empty list turns the default (`event:error`) off. */
    public var failOn: List<String>? = null

    /** Heartbeat markers, written in the same way: such a record is treated as a comment. */
    public var heartbeatOn: List<String> = emptyList()

    /** A subscription: connects again after every end, without limit. */
    public var follow: Boolean = false

    /** Sending the request twice has the same effect as sending it once, so it may be repeated. */
    public var idempotent: Boolean = false

    /** The same, with one `Idempotency-Key` for all attempts. */
    public var idempotencyKey: String? = null

    /** Whether a stream that breaks continues where it broke. */
    public var resume: Resume = Resume.AUTO

    /** Where the cursor is in formats without event ids. */
    public var cursor: Cursor? = null

    /** Where an earlier stream stopped: its [StreamResult.lastEventId]. */
    public var lastEventId: String? = null

    /** Leave out records that an earlier attempt delivered. */
    public var dedupe: Boolean = false

    /** Retries in a row, not counting the first request; 3 by default. */
    public var retryAttempts: Int? = null

    /** The upper bound of the first wait before a retry; 1 s by default. */
    public var retryDelay: Duration? = null

    /** From sending the request to the first record; off by default. As for all limits, zero means off. */
    public var firstEventTimeout: Duration? = null

    /** Silence on the wire that is cut; 300 s by default. */
    public var idleTimeout: Duration? = null

    /** Time without records that is cut; off by default. */
    public var progressTimeout: Duration? = null

    /** The whole stream; off by default. */
    public var timeout: Duration? = null

    /** Silence on the wire that is reported to [onStall]; 15 s by default. */
    public var stallAfter: Duration? = null

    /** What becomes of the stream while the app is in the background; by default what was said to the [StreamLifecycle], if there is one. */
    public var inBackground: InBackground? = null

    /** Makes headers for each attempt, such as a fresh token. */
    public fun headers(make: suspend (AttemptRequest) -> Map<String, String>) {
        prepare { for ((name, value) in make(this)) header(name, value) }
    }

    /** Looks at the request of each attempt as it would be sent, and changes it: to sign it, for instance. If it throws, the attempt counts as one that did not connect. */
    public fun prepare(change: suspend AttemptRequest.() -> Unit) {
        prepare += change
    }

    /** Renews what the request carries after a 401, once in a row. What it changes holds for all later attempts. */
    public fun refresh(change: suspend AttemptRequest.() -> Unit) {
        refresh = change
    }

    /** Makes the request that continues a broken stream after [AttemptRequest.cursor], of the request without a cursor. */
    public fun resume(change: suspend AttemptRequest.() -> Unit) {
        resumeWith = change
    }

    /** Called before each request, after the stream has decided to send it. Like all that begin with `on`, it runs in the collector's context. */
    public fun onAttempt(hear: suspend (Frame.Attempt) -> Unit) {
        onAttempt = hear
    }

    /** Called when the wire has been silent for [stallAfter]. */
    public fun onStall(hear: suspend (Frame.Stall) -> Unit) {
        onStall = hear
    }

    /** Called where records are missing, or may be. */
    public fun onGap(hear: suspend (Frame.Gap) -> Unit) {
        onGap = hear
    }

    /** Called when a response repeats records. */
    public fun onReplayed(hear: suspend (Frame.Replayed) -> Unit) {
        onReplayed = hear
    }

    /**
     * Called for a record that cannot be read, and for one that does not fit the type of [TidewireRequest.records]; the stream continues.
     * Without this function the former is left out, and the latter ends the stream with a [TidewireException] of the code `bad_record`.
     */
    public fun onBadRecord(hear: suspend (Frame.BadRecord) -> Unit) {
        onBadRecord = hear
    }

    private val headers = mutableListOf<Pair<String, String>>()
    private val secretHeaders = mutableListOf<Pair<String, String>>()
    private val query = mutableListOf<Pair<String, String>>()
    private var body: ByteArray? = null
    private var jsonText: String? = null
    private var form: List<Pair<String, String>>? = null
    private val prepare = mutableListOf<suspend AttemptRequest.() -> Unit>()
    private var refresh: (suspend AttemptRequest.() -> Unit)? = null
    private var resumeWith: (suspend AttemptRequest.() -> Unit)? = null
    private var onAttempt: (suspend (Frame.Attempt) -> Unit)? = null
    private var onStall: (suspend (Frame.Stall) -> Unit)? = null
    private var onGap: (suspend (Frame.Gap) -> Unit)? = null
    private var onReplayed: (suspend (Frame.Replayed) -> Unit)? = null
    private var onBadRecord: (suspend (Frame.BadRecord) -> Unit)? = null

    internal fun settings(dialect: Dialect?): RequestSettings = RequestSettings(
        method = method,
        url = url,
        query = headersOf(query),
        headers = headersOf(headers),
        secretHeaders = headersOf(secretHeaders),
        body = body,
        json = jsonText,
        form = form?.let(::headersOf),
        format = format?.code,
        dialect = dialect?.name,
        maxEventBytes = maxEventBytes?.let { count("maxEventBytes", it).toULong() },
        skipOversized = skipOversized,
        deliverUnterminated = deliverUnterminated,
        endOn = endOn,
        failOn = failOn,
        heartbeatOn = heartbeatOn,
        follow = follow,
        idempotent = idempotent,
        idempotencyKey = idempotencyKey,
        resume = resume.code,
        cursor = cursor?.native,
        lastEventId = lastEventId,
        dedupe = dedupe,
        retryAttempts = retryAttempts?.let { count("retryAttempts", it.toLong()).toUInt() },
        retryDelay = retryDelay?.let { milliseconds("retryDelay", it) },
        firstEventTimeout = firstEventTimeout?.let { limit("firstEventTimeout", it) },
        idleTimeout = idleTimeout?.let { limit("idleTimeout", it) },
        progressTimeout = progressTimeout?.let { limit("progressTimeout", it) },
        timeout = timeout?.let { limit("timeout", it) },
        stallAfter = stallAfter?.let { limit("stallAfter", it) },
    )

    internal fun hooks(job: CompletableJob) = hooksOf(job, prepare.toList(), refresh, resumeWith)

    internal fun notices() = Notices(onAttempt, onStall, onGap, onReplayed, onBadRecord)
}

internal fun count(name: String, value: Long): Long =
    if (value >= 0) value else throw TidewireException.usage("$name is negative: $value")

/** How a body is framed. */
public enum class Format(internal val code: String) {
    /** By the content type, or else by the first byte. */
    AUTO("auto"),

    /** Server-sent events. */
    SSE("sse"),

    /** A JSON value on each line. */
    NDJSON("ndjson"),

    /** RFC 7464. */
    JSON_SEQ("json-seq"),

    /** The elements of one array. */
    JSON_ARRAY("json-array"),

    /** JSON values one after the other. */
    CONCAT("concat"),

    /** UTF-8 text. */
    TEXT("text"),
}

/** Whether a stream that breaks continues where it broke. */
public enum class Resume(internal val code: String) {
    /** If its request may be sent twice. */
    AUTO("auto"),

    /** Whatever its method. */
    ALWAYS("always"),

    NEVER("never"),
}

/** Where the cursor of a JSON record is, and where a request carries it. */
public class Cursor private constructor(internal val native: CursorSettings) {
    public companion object {
        /** Taken from the field at [path] in each record (`seq`, `meta.offset`), and sent as a query parameter. */
        public fun query(path: String, name: String): Cursor = of(path, CursorPlace.QUERY, name)

        /** The same, sent as a header. */
        public fun header(path: String, name: String): Cursor = of(path, CursorPlace.HEADER, name)

        /** The same, sent as a top-level field of the JSON body. */
        public fun body(path: String, name: String): Cursor = of(path, CursorPlace.BODY, name)

        private fun of(path: String, place: CursorPlace, name: String) =
            Cursor(CursorSettings(path, place, name))
    }
}
