package dev.tidewire.android

import android.content.Context
import com.sun.jna.Platform

/** Android's certificate verifier, which the native library calls through classes of rustls-platform-verifier. */
internal object PlatformVerifier {
    private const val COMPONENT = "rustls:rustls-platform-verifier:0.2.0"
    private const val VERIFIER = "org.rustls.platformverifier.CertificateVerifier"

    /** Hands the context over. The native library has been loaded. */
    fun prepare(context: Context) {
        // A test on the JVM has the library of its own system, which has its own verifier.
        if (!Platform.isAndroid()) return
        try {
            Class.forName(VERIFIER, false, context.classLoader)
        } catch (missing: ClassNotFoundException) {
            throw IllegalStateException("HTTPS needs $COMPONENT among the app's dependencies, and ProGuard must leave it", missing)
        }
        // Java finds the method below only in libraries that it loaded itself. It is the same copy that JNA uses.
        System.loadLibrary("tidewire_ffi")
        initialize(context)
    }

    @JvmStatic
    private external fun initialize(context: Context)
}
