package dev.tidewire

import java.util.Collections
import java.util.IdentityHashMap
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeMark
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** What becomes of a stream while none of the app's screens is shown. */
public enum class InBackground {
    /** It reads nothing, and its limits on silence stand still. Back in the foreground it reads on, and is checked. */
    PAUSE,

    /** It is stopped: collecting it ends with a [TidewireException] of the code `cancelled`. */
    STOP,

    /** It reads on, as long as the system lets the app run. Back in the foreground it is checked. */
    CONTINUE,

    /** A [StreamLifecycle] does nothing to it, not even when the network changes. */
    IGNORE,
}

/**
 * Looks after the streams of a program that comes and goes: it is told which screens are shown and which network is used.
 *
 * Its streams are those of this process that are being collected, and those that [TidewireStream.continuing] has left open, unless their
 * [RequestBuilder.inBackground] says otherwise:
 *
 * - *When the last screen is hidden*, they are paused or stopped, as [inBackground] says. A screen that is hidden for less than
 *   700 ms before the next one is shown, as when a phone is turned, does not count. A stream that begins in the background is left alone.
 * - *When a screen is shown again*, they read on, and are [checked][TidewireStream.check] with the time of the absence.
 * - *When another network is used*, they [connect again][TidewireStream.reconnect] at once. The first network, and the loss of one, change
 *   nothing; the next one after a loss is another network.
 *
 * After an absence of 15 s and in another network, later requests use new connections ([forgetConnections]).
 *
 * A request that may not be sent again, such as a POST, is never repeated by any of this.
 *
 * On Android, `Tidewire.attach(application)` does it all. All members may be called from any thread.
 *
 * @param inBackground what becomes of streams whose request does not say it
 * @param clock measures absences. It has to count the time that the device sleeps, which [TimeSource.Monotonic] does not do everywhere
 * @param later runs a task after a delay
 */
public class StreamLifecycle(
    @Volatile public var inBackground: InBackground = InBackground.PAUSE,
    private val clock: TimeSource = TimeSource.Monotonic,
    private val later: (Duration, () -> Unit) -> Unit = ::launchLater,
) : AutoCloseable {
    /** ```Shown ─hidden─▶ Leaving ─700 ms─▶ Away ─shown─▶ Shown```; from each to `Closed`. */
    private sealed interface Presence {
        data object Shown : Presence

        class Leaving(val since: TimeMark) : Presence

        class Away(val since: TimeMark) : Presence

        data object Closed : Presence
    }

    private sealed interface Network {
        data object Unknown : Network

        data object Lost : Network

        data class Used(val id: Any) : Network
    }

    private val lock = Any()
    private val screens: MutableSet<Any> = Collections.newSetFromMap(IdentityHashMap())
    private var presence: Presence = Presence.Shown
    private var network: Network = Network.Unknown

    /** A screen is shown: an activity, a window. It is told apart from others by its identity. */
    public fun shown(screen: Any): Unit = synchronized(lock) {
        val before = presence
        if (before === Presence.Closed) return
        screens += screen
        presence = Presence.Shown
        when (before) {
            is Presence.Leaving -> {
                // The task may be late: a phone that falls asleep runs none.
                val away = before.since.elapsedNow()
                if (away >= SHORT) comeBack(away)
            }
            is Presence.Away -> comeBack(before.since.elapsedNow())
            Presence.Shown, Presence.Closed -> {}
        }
    }

    /** A screen is no longer shown. */
    public fun hidden(screen: Any): Unit = synchronized(lock) {
        screens -= screen
        if (screens.isNotEmpty() || presence !== Presence.Shown) return
        val leaving = Presence.Leaving(clock.markNow())
        presence = leaving
        later(SHORT) { leave(leaving) }
    }

    /** The network that connections use by default is this one; networks are told apart by `equals`. */
    public fun networkAvailable(id: Any): Unit = synchronized(lock) {
        val before = network
        network = Network.Used(id)
        if (before == Network.Unknown || before == network || presence === Presence.Closed) return
        forgetConnections()
        for (stream in managed()) stream.reconnect()
    }

    /** There is no network. */
    public fun networkLost(): Unit = synchronized(lock) { network = Network.Lost }

    /** The program did not run for so long, although it was shown: the computer slept. All streams are checked. */
    public fun slept(time: Duration): Unit = synchronized(lock) {
        if (presence !== Presence.Closed) {
            if (time >= LONG) forgetConnections()
            for (stream in managed()) stream.check(time)
        }
    }

    /** From here on it does nothing. Streams that it has paused read on. */
    override fun close(): Unit = synchronized(lock) {
        presence = Presence.Closed
        for (stream in OpenStreams.all()) stream.release(Hold.BACKGROUND)
    }

    private fun leave(leaving: Presence.Leaving): Unit = synchronized(lock) {
        if (presence !== leaving) return
        presence = Presence.Away(leaving.since)
        for (stream in OpenStreams.all()) {
            when (choiceFor(stream)) {
                InBackground.PAUSE -> stream.hold(Hold.BACKGROUND)
                InBackground.STOP -> stream.stop()
                InBackground.CONTINUE, InBackground.IGNORE -> {}
            }
        }
    }

    private fun comeBack(away: Duration) {
        // Before any stream reads on: one whose wait is over sends its request at once.
        if (away >= LONG) forgetConnections()
        // Whatever was chosen meanwhile, what is paused reads on.
        for (stream in OpenStreams.all()) stream.release(Hold.BACKGROUND)
        for (stream in managed()) stream.check(away)
    }

    private fun managed() = OpenStreams.all().filter { choiceFor(it) != InBackground.IGNORE }

    private fun choiceFor(stream: TidewireStream<*>) = stream.inBackground ?: inBackground

    private companion object {
        /** A phone that is turned, or a window that makes room for another one, shows the next screen within this time. */
        val SHORT = 700.milliseconds

        /** After an absence of this length, idle connections may be dead. Streams are checked one by one. */
        val LONG = 15.seconds
    }
}

private fun launchLater(delay: Duration, task: () -> Unit) {
    CoroutineScope(Dispatchers.Default).launch {
        delay(delay)
        task()
    }
}
