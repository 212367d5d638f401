package dev.tidewire.android

import android.app.Application
import dev.tidewire.InBackground
import dev.tidewire.PlatformSetup
import dev.tidewire.RequestBuilder
import dev.tidewire.StreamLifecycle
import dev.tidewire.TidewireInternal

/**
 * Tidewire in an Android app, in one line:
 *
 * ```
 * class App : Application() {
 *     override fun onCreate() {
 *         super.onCreate()
 *         Tidewire.attach(this)
 *     }
 * }
 * ```
 */
public object Tidewire {
    private var attached: Attachment? = null

    /**
     * Gives the app's streams its life, and Android's certificate verifier its context. HTTPS needs the latter, so this comes before the
     * first request. It takes no time: the native library is loaded with the first request, on another thread.
     *
     * What happens to which stream is said at [StreamLifecycle]: in the background they do what [inBackground] says, unless the request has
     * an [inBackground][RequestBuilder.inBackground] of its own; back in the foreground they are checked; on another network they connect
     * again. Called again, it changes what [inBackground] says.
     */
    @JvmStatic
    @JvmOverloads
    @OptIn(TidewireInternal::class)
    public fun attach(application: Application, inBackground: InBackground = InBackground.PAUSE): Unit =
        synchronized(this) {
            PlatformSetup.prepare = { PlatformVerifier.prepare(application) }
            val before = attached
            if (before != null && before.application === application) {
                before.lifecycle.inBackground = inBackground
                return
            }
            detach()
            attached = Attachment(application, inBackground)
        }

    /** From here on streams know nothing of the app's life. Those that were paused read on. HTTPS works as before. */
    @JvmStatic
    public fun detach(): Unit = synchronized(this) {
        attached?.close()
        attached = null
    }
}
