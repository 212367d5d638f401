package dev.tidewire

import com.sun.jna.Platform

/** For the packages of platforms; nothing for apps. */
@RequiresOptIn("for the packages of Tidewire's platforms", RequiresOptIn.Level.ERROR)
@Target(AnnotationTarget.CLASS)
@Retention(AnnotationRetention.BINARY)
public annotation class TidewireInternal

/** What the native library needs of its platform before the first request. */
@TidewireInternal
public object PlatformSetup {
    /** Called once, on a thread that may block, when the library has been loaded. */
    @Volatile
    public var prepare: (() -> Unit)? = null

    private var isPrepared = false

    internal fun run() {
        synchronized(this) {
            if (isPrepared) return
            val prepare = prepare
            if (prepare == null) {
                if (!Platform.isAndroid()) return
                throw TidewireException.usage("call Tidewire.attach(this) in the onCreate of your Application first")
            }
            try {
                prepare()
            } catch (problem: IllegalStateException) {
                throw TidewireException.usage(problem.message.orEmpty(), problem)
            } catch (missing: LinkageError) {
                throw TidewireException(Outcome.INTERNAL.code, "the native library is not Android's: ${missing.message}", cause = missing)
            }
            isPrepared = true
        }
    }
}
