package dev.tidewire

import dev.tidewire.native.Batch
import dev.tidewire.native.DecodeSettings
import dev.tidewire.native.NativeDecoder
import dev.tidewire.native.compactJson as nativeCompactJson

/** Decodes a body that is already there. Without a format the first bytes decide. */
public fun decode(body: ByteArray, build: DecodeBuilder.() -> Unit = {}): Decoded = Decoder(build).use { decoder ->
    val frames = decoder.push(body) + decoder.finish()
    Decoded(frames, checkNotNull(decoder.result) { "a finished decoder has a result" })
}

/**
 * What [decode] returns.
 *
 * @property frames the records, and the comments and notices between them; of a reply its deltas
 * @property result how the body ended
 */
public class Decoded internal constructor(public val frames: List<Frame>, public val result: StreamResult)

/** A decoder of one body, fed in pieces that may be cut anywhere. It is to be closed. */
public class Decoder(build: DecodeBuilder.() -> Unit = {}) : AutoCloseable {
    private val native: NativeDecoder
    private val isReply: Boolean

    /** How the body ended; `null` until an end has come. */
    public var result: StreamResult? = null
        private set

    init {
        NativeLibrary.load()
        val options = DecodeBuilder().apply(build)
        isReply = options.dialect != null
        native = calling { NativeDecoder(options.settings()) }
    }

    /** Takes the next piece of the body, and returns what it completes. After the end the rest of the body does not count. */
    public fun push(piece: ByteArray): List<Frame> = take { push(piece) }

    /** Takes the clean end of the body, and returns what it completes. */
    public fun finish(): List<Frame> = take { finish() }

    /** The message of an LLM's reply, as far as it arrived; `null` without a dialect. */
    public val reply: Message? get() = use { message() }?.let(::Message)

    override fun close(): Unit = native.close()

    private fun take(call: NativeDecoder.() -> Batch): List<Frame> {
        if (result != null) return emptyList()
        val batch = use(call)
        batch.end?.let { end -> result = resultOf(end, if (isReply) native.message() else null) }
        return framesOf(batch)
    }

    private fun <R> use(call: NativeDecoder.() -> R): R = try {
        calling { native.call() }
    } catch (closed: IllegalStateException) {
        throw TidewireException.usage("the decoder is closed", closed)
    }
}

/** How [decode] reads a body. The names mean what they mean in [RequestBuilder]. */
@TidewireDsl
public class DecodeBuilder internal constructor() {
    public var format: Format? = null
    public var dialect: Dialect? = null
    public var maxEventBytes: Long? = null
    public var skipOversized: Boolean = false
    public var deliverUnterminated: Boolean = false
    public var endOn: List<String>? = null
    public var failOn: List<String>? = null
    public var heartbeatOn: List<String> = emptyList()

    internal fun settings(): DecodeSettings = DecodeSettings(
        format = format?.code,
        dialect = dialect?.name,
        maxEventBytes = maxEventBytes?.let { count("maxEventBytes", it).toULong() },
        skipOversized = skipOversized,
        deliverUnterminated = deliverUnterminated,
        endOn = endOn,
        failOn = failOn,
        heartbeatOn = heartbeatOn,
    )
}

/** A JSON text without white space between its tokens: numbers and strings stay as they are written. */
public fun compactJson(json: String): String {
    NativeLibrary.load()
    return nativeCompactJson(json)
}
