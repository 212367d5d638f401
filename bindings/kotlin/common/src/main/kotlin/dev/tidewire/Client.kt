package dev.tidewire

import dev.tidewire.native.ClientSettings
import dev.tidewire.native.NativeClient
import dev.tidewire.native.NativeStream
import dev.tidewire.native.RequestHooks
import dev.tidewire.native.RequestSettings
import dev.tidewire.native.StreamKind
import kotlin.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** What streams share: connections, headers, limits. Making one is cheap; the native part is made with the first stream. */
public class TidewireClient(build: ClientBuilder.() -> Unit = {}) : AutoCloseable {
    private val options = ClientBuilder().apply(build)
    private val lock = Any()

    @Volatile
    private var native: NativeClient? = null

    @Volatile
    private var isClosed = false

    /** A request to a URL, or to the path after the client's [ClientBuilder.baseUrl]. */
    public fun request(url: String, build: RequestBuilder.() -> Unit = {}): TidewireRequest =
        TidewireRequest(this, RequestBuilder(url).apply { options.defaults?.invoke(this) }.apply(build))

    /** Gives up the client's connections. Streams that are being collected go on; no others begin. */
    override fun close() {
        isClosed = true
        synchronized(lock) {
            native?.close()
            native = null
        }
    }

    internal suspend fun open(kind: StreamKind, settings: RequestSettings, hooks: RequestHooks): NativeStream {
        // The first call reads a library and certificates from the disk.
        if (native == null) withContext(Dispatchers.IO) { make() }
        return synchronized(lock) { calling { make().open(kind, settings, hooks) } }
    }

    @OptIn(TidewireInternal::class)
    private fun make(): NativeClient = synchronized(lock) {
        if (isClosed) throw TidewireException.usage("the client is closed")
        native ?: run {
            NativeLibrary.load()
            PlatformSetup.run()
            calling { NativeClient(options.settings()) }.also { native = it }
        }
    }

    internal companion object {
        val shared: TidewireClient by lazy { TidewireClient() }
    }
}

/**
 * Requests from now on use new connections, in every client: another network is used, or the device has slept. The requests that are under
 * way keep theirs, see [TidewireStream.check] and [TidewireStream.reconnect]. A [StreamLifecycle] calls this.
 */
public fun forgetConnections() {
    // Without the library there are none.
    if (NativeLibrary.isLoaded) dev.tidewire.native.forgetConnections()
}

/** The settings of a [TidewireClient]. */
@TidewireDsl
public class ClientBuilder internal constructor() {
    /** Put before the path of each request. The client's headers go to its origin. */
    public var baseUrl: String? = null

    /** Adds a header that is sent with every request to the client's own origin: that of [baseUrl], or of its first request. */
    public fun header(name: String, value: String) {
        headers += name to value
    }

    /** The same, and never shown nor taken elsewhere. */
    public fun secretHeader(name: String, value: String) {
        secretHeaders += name to value
    }

    /** URLs of other origins that get the client's headers. */
    public var allowedOrigins: List<String> = emptyList()

    /** Certificates (PEM) of authorities that are trusted besides the platform's. */
    public var caCertificates: String? = null

    /** Until TCP and TLS are established; 10 s by default, zero for no limit. */
    public var connectTimeout: Duration? = null

    /** How many streams may be open at a time; further streams wait in order. */
    public var maxConcurrent: Int? = null

    /** How long a stream may wait for that. */
    public var queueTimeout: Duration? = null

    /** Sets what every request of the client begins with. */
    public fun defaults(build: RequestBuilder.() -> Unit) {
        defaults = build
    }

    internal var defaults: (RequestBuilder.() -> Unit)? = null
        private set
    private val headers = mutableListOf<Pair<String, String>>()
    private val secretHeaders = mutableListOf<Pair<String, String>>()

    internal fun settings(): ClientSettings = ClientSettings(
        baseUrl = baseUrl,
        headers = headersOf(headers),
        secretHeaders = headersOf(secretHeaders),
        allowedOrigins = allowedOrigins,
        caCertificates = caCertificates,
        connectTimeout = connectTimeout?.let { limit("connectTimeout", it) },
        maxConcurrent = maxConcurrent?.let { count("maxConcurrent", it.toLong()).toUInt() },
        queueTimeout = queueTimeout?.let { limit("queueTimeout", it) },
    )
}
