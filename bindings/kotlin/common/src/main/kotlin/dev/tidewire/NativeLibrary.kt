package dev.tidewire

import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import com.sun.jna.Platform
import dev.tidewire.native.uniffiEnsureInitialized
import dev.tidewire.native.uniffiRustFutureContinuationCallbackImpl
import java.io.IOException

/** Finds the native library and loads it, once. */
internal object NativeLibrary {
    private const val NAME = "tidewire_ffi"

    /** What the generated code asks where the library is. */
    private const val OVERRIDE = "uniffi.component.$NAME.libraryOverride"

    private val loading = lazy<Throwable?> {
        try {
            locate()
            uniffiEnsureInitialized()
            keepThreadAttached(uniffiRustFutureContinuationCallbackImpl)
            null
        } catch (missing: LinkageError) {
            missing
        } catch (mismatch: RuntimeException) {
            mismatch
        }
    }

    private val problem by loading

    /** Whether it was loaded before. */
    val isLoaded: Boolean get() = loading.isInitialized() && problem == null

    /** Throws a [TidewireException] if there is none for this platform, or one of another version. */
    fun load() {
        problem?.let { throw TidewireException(Outcome.INTERNAL.code, explain(it), cause = it) }
    }

    /**
     * A package that carries the library has it as a resource, which goes to a temporary file; JNA removes that file when the program
     * ends, or when another one starts. It comes before any library of that name that is installed on the system, which may be of another
     * version. Otherwise (on Android, or with `jna.library.path`) the system finds it by its name.
     */
    private fun locate() {
        if (System.getProperty(OVERRIDE) != null) return
        val file = try {
            Native.extractFromResourcePath(NAME, NativeLibrary::class.java.classLoader)
        } catch (_: IOException) {
            return
        }
        System.setProperty(OVERRIDE, file.absolutePath)
    }

    /**
     * The native library has one thread that reads all streams and resumes the coroutines that wait for items. Unless JNA is told otherwise,
     * that thread becomes one of Java's for each call, and ceases to be one after it, which takes longer than everything else (bench, "one at
     * a time"). As a daemon it does not keep a program from ending.
     */
    fun keepThreadAttached(callback: Callback) {
        Native.setCallbackThreadInitializer(callback, CallbackThreadInitializer(true, false, "tidewire"))
    }

    /** What JNA loads. */
    val nameOrPath: String get() = System.getProperty(OVERRIDE) ?: NAME

    private fun explain(problem: Throwable): String = when (problem) {
        is RuntimeException -> "the native library is of another version: ${problem.message}"
        else -> "there is no native library for ${Platform.RESOURCE_PREFIX}: ${problem.message}"
    }
}
