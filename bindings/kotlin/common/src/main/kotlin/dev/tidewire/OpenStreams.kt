package dev.tidewire

import java.util.Collections
import java.util.WeakHashMap

/** The streams of this process that have a run. One that is forgotten while its connection is open is not kept alive by this. */
internal object OpenStreams {
    private val streams = Collections.newSetFromMap(WeakHashMap<TidewireStream<*>, Boolean>())

    fun add(stream: TidewireStream<*>): Boolean = synchronized(streams) { streams.add(stream) }

    fun remove(stream: TidewireStream<*>): Boolean = synchronized(streams) { streams.remove(stream) }

    fun all(): List<TidewireStream<*>> = synchronized(streams) { streams.toList() }
}

/** Why a stream reads nothing. */
internal enum class Hold {
    /** [TidewireStream.pause] was called. */
    CALLER,

    /** The app is in the background. */
    BACKGROUND,
}
