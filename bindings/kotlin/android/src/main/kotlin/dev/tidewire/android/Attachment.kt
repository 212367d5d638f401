package dev.tidewire.android

import android.app.Activity
import android.app.Application
import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import android.os.SystemClock
import android.util.Log
import dev.tidewire.InBackground
import dev.tidewire.StreamLifecycle
import kotlin.time.AbstractLongTimeSource
import kotlin.time.DurationUnit

/** Tells a [StreamLifecycle] what Android says of activities and networks. */
internal class Attachment(val application: Application, inBackground: InBackground) : AutoCloseable {
    private val handler = Handler(Looper.getMainLooper())
    val lifecycle = StreamLifecycle(inBackground, SinceBoot) { delay, task ->
        handler.postDelayed(task, delay.inWholeMilliseconds)
    }
    private val activities = Activities(lifecycle)
    private val networks = Networks(application, lifecycle)

    init {
        application.registerActivityLifecycleCallbacks(activities)
    }

    override fun close() {
        application.unregisterActivityLifecycleCallbacks(activities)
        networks.close()
        lifecycle.close()
    }
}

/** Counts the time that the device sleeps. */
private object SinceBoot : AbstractLongTimeSource(DurationUnit.MILLISECONDS) {
    override fun read(): Long = SystemClock.elapsedRealtime()
}

private class Activities(private val lifecycle: StreamLifecycle) : Application.ActivityLifecycleCallbacks {
    override fun onActivityStarted(activity: Activity) = lifecycle.shown(activity)

    override fun onActivityStopped(activity: Activity) = lifecycle.hidden(activity)

    override fun onActivityCreated(activity: Activity, savedInstanceState: Bundle?) = Unit

    override fun onActivityResumed(activity: Activity) = Unit

    override fun onActivityPaused(activity: Activity) = Unit

    override fun onActivitySaveInstanceState(activity: Activity, outState: Bundle) = Unit

    override fun onActivityDestroyed(activity: Activity) = Unit
}

private class Networks(context: Context, private val lifecycle: StreamLifecycle) :
    ConnectivityManager.NetworkCallback(),
    AutoCloseable {
    private val manager = context.getSystemService(ConnectivityManager::class.java)
    private var isRegistered = false

    init {
        try {
            // Otherwise the first network would be taken for the one that the streams use already.
            if (manager.activeNetwork == null) lifecycle.networkLost()
            manager.registerDefaultNetworkCallback(this)
            isRegistered = true
        } catch (problem: RuntimeException) {
            // The permission was taken out of the manifest, or the app has too many callbacks.
            Log.w("Tidewire", "streams will not hear of another network", problem)
        }
    }

    override fun onAvailable(network: Network) = lifecycle.networkAvailable(network)

    override fun onLost(network: Network) = lifecycle.networkLost()

    override fun close() {
        if (isRegistered) manager.unregisterNetworkCallback(this)
        isRegistered = false
    }
}
