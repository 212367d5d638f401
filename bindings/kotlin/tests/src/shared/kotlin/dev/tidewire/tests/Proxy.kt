package dev.tidewire.tests

import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread

/** Stands between a client and its server, and lets connections die without a word. */
class Proxy(private val server: String) : AutoCloseable {
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val relays = CopyOnWriteArrayList<Relay>()

    val url: String = "http://127.0.0.1:${listener.localPort}"

    /** How many connections there have been. */
    val connections: Int get() = relays.size

    init {
        thread(isDaemon = true) {
            try {
                while (true) relays += Relay(listener.accept())
            } catch (_: IOException) {
                // It was closed.
            }
        }
    }

    /** From now on nothing comes from the present connections, although they stay open. */
    fun kill() = relays.forEach { it.isDead = true }

    /** Closes the present connections. */
    fun cut() = relays.forEach { it.close() }

    override fun close() {
        listener.close()
        cut()
    }

    private inner class Relay(private val client: Socket) : AutoCloseable {
        @Volatile
        var isDead = false
        private val upstream = URI(server).let { Socket(it.host, it.port) }

        init {
            pump(client, upstream)
            pump(upstream, client)
        }

        private fun pump(from: Socket, to: Socket) = thread(isDaemon = true) {
            try {
                val bytes = ByteArray(4096)
                while (true) {
                    val count = from.getInputStream().read(bytes)
                    if (count < 0) break
                    // What a dead connection brings is lost, and so is its end; only the client can give it up.
                    if (!isDead) to.getOutputStream().write(bytes, 0, count)
                }
            } catch (_: IOException) {
                // One of them was closed.
            }
            if (!isDead || from === client) close()
        }

        override fun close() {
            client.close()
            upstream.close()
        }
    }
}
