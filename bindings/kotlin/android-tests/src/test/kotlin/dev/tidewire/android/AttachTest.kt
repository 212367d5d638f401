package dev.tidewire.android

import android.app.Activity
import android.app.Application
import android.net.ConnectivityManager
import android.net.Network
import android.os.Looper
import dev.tidewire.Event
import dev.tidewire.InBackground
import dev.tidewire.TidewireException
import dev.tidewire.TidewireStream
import dev.tidewire.tests.PATIENCE
import dev.tidewire.tests.Proxy
import dev.tidewire.tests.Serve
import dev.tidewire.tests.figure
import dev.tidewire.tests.shown
import dev.tidewire.tests.until
import dev.tidewire.tidewire
import java.time.Duration as JavaDuration
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowNetwork

/** An app with streams: activities come and go, and so do networks. Nothing of Android but Robolectric's. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class AttachTest {
    private val application: Application = RuntimeEnvironment.getApplication()
    private val networks = application.getSystemService(ConnectivityManager::class.java)
    private val scope = CoroutineScope(Dispatchers.Default)
    private val serve = Serve()
    private val proxy = Proxy(serve.url)
    private lateinit var activity: ActivityController<Activity>

    @Before
    fun start() {
        Tidewire.attach(application)
        activity = newActivity()
    }

    @After
    fun end() {
        Tidewire.detach()
        scope.cancel()
        proxy.close()
        serve.close()
    }

    /** A stream that is being collected. */
    private inner class Reader(path: String, choice: InBackground? = null) {
        val taken = AtomicInteger()

        @Volatile
        var problem: String? = null

        @Volatile
        var code: String? = null
        val stream: TidewireStream<Event> = tidewire(proxy.url + path) { inBackground = choice }.events()

        init {
            scope.launch {
                try {
                    stream.collect {
                        val before = taken.getAndIncrement()
                        if (it.id.isNotEmpty() && it.id.toInt() != before + 1) problem = "${it.id} after $before"
                    }
                } catch (end: TidewireException) {
                    code = end.code
                }
            }
            reads()
        }

        fun reads() {
            val target = taken.get() + 3
            until("events come") { true.takeIf { taken.get() >= target } }
            assertEquals(null, problem)
        }

        fun rests() {
            Thread.sleep(50)
            val before = taken.get()
            Thread.sleep(200)
            assertEquals("it is paused", before, taken.get())
        }
    }

    private fun numbered(choice: InBackground? = null) = Reader("/sse?ids=true&events=1000000&interval_ms=2", choice)

    /** One that is in the foreground, but draws nothing. */
    private fun newActivity(): ActivityController<Activity> =
        Robolectric.buildActivity(Activity::class.java).create().start().resume()

    /** Lets the app's clock run. What is due on its main thread is done. */
    private fun pass(time: JavaDuration) = shadowOf(Looper.getMainLooper()).idleFor(time)

    private fun toBackground() {
        activity.pause().stop()
        pass(JavaDuration.ofSeconds(1))
    }

    private fun toForeground(): Unit = run { activity.restart().start().resume() }

    private fun network(id: Int): Network = ShadowNetwork.newInstance(id)

    private fun callbacks() = shadowOf(networks).networkCallbacks

    @Test
    fun `in the background nothing is read, and the server stops sending`() {
        val reader = Reader("/endless?interval_ms=0&key=flood")
        toBackground()
        reader.rests()
        fun sent() = checkNotNull(reader.stream.stats).bytes
        val before = sent()
        Thread.sleep(300)
        assertEquals(before, sent())
        // Its request is still being answered: it waits for the app.
        assertEquals(listOf(null), serve.log().map { it.response })
        toForeground()
        reader.reads()
        assertEquals(1, proxy.connections)
    }

    @Test
    fun `a connection that died meanwhile is noticed on return`() {
        val reader = numbered()
        toBackground()
        proxy.kill()
        pass(JavaDuration.ofMinutes(10))
        val back = TimeSource.Monotonic.markNow()
        toForeground()
        until("it connects again") { true.takeIf { proxy.connections == 2 } }
        reader.reads()
        val time = back.elapsedNow()
        figure("Android: from onStart after 10 minutes and a dead connection to the third new event: ${time.shown()}")
        assertTrue("$time", time < 2.seconds)
    }

    @Test
    fun `a connection that lives is kept`() {
        val reader = numbered()
        toBackground()
        pass(JavaDuration.ofMinutes(10))
        toForeground()
        reader.reads()
        Thread.sleep(1200)
        assertEquals(1, proxy.connections)
        reader.reads()
    }

    @Test
    fun `another network connects again, the first one does not`() {
        val reader = numbered()
        val callback = callbacks().single()
        callback.onAvailable(network(1))
        callback.onLost(network(1))
        reader.reads()
        assertEquals(1, proxy.connections)
        proxy.kill()
        val change = TimeSource.Monotonic.markNow()
        callback.onAvailable(network(2))
        until("it connects again") { true.takeIf { proxy.connections == 2 } }
        reader.reads()
        figure("Android: from another network to the third new event: ${change.elapsedNow().shown()}")
    }

    @Test
    fun `a phone that is turned changes nothing`() {
        val reader = numbered(InBackground.STOP)
        activity.pause().stop()
        pass(JavaDuration.ofMillis(300))
        activity.destroy()
        val next = newActivity()
        pass(JavaDuration.ofSeconds(2))
        reader.reads()
        assertEquals(1, proxy.connections)
        next.pause().stop()
        pass(JavaDuration.ofSeconds(1))
        until("it is stopped") { reader.code }
        assertEquals("cancelled", reader.code)
    }

    @Test
    fun `another activity changes nothing`() {
        val reader = numbered(InBackground.STOP)
        activity.pause()
        val next = newActivity()
        activity.stop()
        pass(JavaDuration.ofSeconds(2))
        reader.reads()
        next.pause().stop().destroy()
    }

    @Test
    fun `attaching twice changes the choice alone`() {
        Tidewire.attach(application, InBackground.STOP)
        assertEquals(1, callbacks().size)
        val reader = numbered()
        val other = numbered(InBackground.PAUSE)
        toBackground()
        until("it is stopped") { reader.code }
        other.rests()
        toForeground()
        other.reads()
    }

    @Test
    fun `after detaching nothing happens, and what was paused reads on`() {
        val reader = numbered()
        toBackground()
        reader.rests()
        Tidewire.detach()
        reader.reads()
        assertEquals(0, callbacks().size)
        toForeground()
        toBackground()
        reader.reads()
        assertEquals(1, proxy.connections)
        Tidewire.detach()
        Tidewire.attach(application)
        toForeground()
        toBackground()
        reader.rests()
    }
}
