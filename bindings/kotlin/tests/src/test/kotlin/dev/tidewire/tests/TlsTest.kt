package dev.tidewire.tests

import com.sun.net.httpserver.HttpsConfigurator
import com.sun.net.httpserver.HttpsServer
import dev.tidewire.Outcome
import dev.tidewire.TidewireClient
import dev.tidewire.TidewireException
import java.io.File
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.file.Path
import java.security.KeyStore
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** HTTPS with an authority that was made a moment ago. */
class TlsTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `an authority is trusted if its certificate is given, and only then`() {
        makeCertificates()
        val server = server()
        try {
            val url = "https://localhost:${server.address.port}/"
            runBlocking {
                withTimeout(PATIENCE) {
                    TidewireClient { caCertificates = file("ca.pem").readText() }.use { client ->
                        assertEquals(listOf("a", "b"), client.request(url).events().toList().map { it.data })
                    }
                    TidewireClient().use { client ->
                        val stream = client.request(url) { retryDelay = 1.ms }.events()
                        val refused = assertThrows<TidewireException> { stream.collect {} }
                        assertEquals(Outcome.UNREACHABLE, refused.outcome)
                        assertTrue("certificate" in refused.message.orEmpty(), refused.message)
                        assertEquals(1, refused.result?.stats?.attempts, "it will not go away by itself")
                    }
                }
            }
        } finally {
            server.stop(0)
        }
    }

    private fun server(): HttpsServer {
        val keys = KeyStore.getInstance(file("server.p12"), PASSWORD.toCharArray())
        val managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        managers.init(keys, PASSWORD.toCharArray())
        val context = SSLContext.getInstance("TLS")
        context.init(managers.keyManagers, null, null)
        val server = HttpsServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
        server.httpsConfigurator = HttpsConfigurator(context)
        server.createContext("/") { exchange ->
            exchange.responseHeaders.add("Content-Type", "text/event-stream")
            exchange.sendResponseHeaders(200, 0)
            exchange.responseBody.use { it.write("data: a\n\ndata: b\n\n".encodeToByteArray()) }
        }
        server.start()
        return server
    }

    /** The authority's certificate in `ca.pem`, the server's with its key in `server.p12`. */
    private fun makeCertificates() {
        val pair = arrayOf("-genkeypair", "-keyalg", "EC", "-validity", "2")
        keytool("ca.p12", *pair, "-alias", "ca", "-dname", "CN=Authority", "-ext", "bc:c", "-ext", "ku:c=keyCertSign")
        keytool("ca.p12", "-exportcert", "-rfc", "-alias", "ca", "-file", "ca.pem")
        keytool("server.p12", *pair, "-alias", "server", "-dname", "CN=localhost")
        keytool("server.p12", "-certreq", "-alias", "server", "-file", "server.csr")
        keytool(
            "ca.p12", "-gencert", "-rfc", "-alias", "ca", "-validity", "2", "-infile", "server.csr", "-outfile", "server.pem",
            "-ext", "san=dns:localhost,ip:127.0.0.1", "-ext", "eku=serverAuth", "-ext", "bc:c=ca:false",
        )
        keytool("server.p12", "-importcert", "-noprompt", "-alias", "ca", "-file", "ca.pem")
        keytool("server.p12", "-importcert", "-noprompt", "-alias", "server", "-file", "server.pem")
    }

    private fun keytool(store: String, vararg arguments: String) {
        val program = File(System.getProperty("java.home"), "bin/keytool").path
        val process = ProcessBuilder(program, *arguments, "-keystore", store, "-storetype", "PKCS12", "-storepass", PASSWORD)
            .directory(folder.toFile()).redirectErrorStream(true).start()
        val said = process.inputStream.bufferedReader().readText()
        check(process.waitFor(PATIENCE.inWholeSeconds, TimeUnit.SECONDS) && process.exitValue() == 0) { said }
    }

    private fun file(name: String) = folder.resolve(name).toFile()

    private companion object {
        const val PASSWORD = "changeit"
    }
}
