package dev.tidewire.android

import android.content.Context
import java.io.File
import java.lang.reflect.Modifier
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** The AAR as it is packed. */
class PackagingTest {
    private val content = File(System.getProperty("tidewire.content"))

    @Test
    fun `the AAR has what Android's tools look for`() {
        val files = content.walk().filter { it.isFile }.map { it.relativeTo(content).path }.toList()
        assertTrue("$files", files.containsAll(listOf("AndroidManifest.xml", "classes.jar", "proguard.txt", "R.txt")))
        // Libraries are there if they were built, and nothing else is.
        for (file in files - setOf("AndroidManifest.xml", "classes.jar", "proguard.txt", "R.txt")) {
            assertTrue(file, Regex("jni/(arm64-v8a|armeabi-v7a|x86_64|x86)/libtidewire_ffi.so").matches(file))
        }
        assertTrue("minSdkVersion=\"24\"" in File(content, "AndroidManifest.xml").readText())
        val classes = File(Tidewire::class.java.protectionDomain.codeSource.location.path)
        assertEquals(File(content, "classes.jar").canonicalFile, classes.canonicalFile)
    }

    /** ProGuard must leave what the native library finds by its name. */
    @Test
    fun `the rules name classes that exist`() {
        val rules = File(content, "proguard.txt").readText()
        for (name in listOf("dev.tidewire.android.PlatformVerifier", "dev.tidewire.native.NativeStream", "com.sun.jna.Native")) {
            Class.forName(name, false, javaClass.classLoader)
            val covered = Regex("class ([a-z.]+)\\.\\*\\* ").findAll(rules).any { name.startsWith(it.groupValues[1]) }
            assertTrue(name, covered || "class $name " in rules)
        }
        // `Java_dev_tidewire_android_PlatformVerifier_initialize` of the native library.
        val verifier = Class.forName("dev.tidewire.android.PlatformVerifier", false, javaClass.classLoader)
        val method = verifier.getDeclaredMethod("initialize", Context::class.java)
        assertTrue(Modifier.isNative(method.modifiers) && Modifier.isStatic(method.modifiers))
    }
}
