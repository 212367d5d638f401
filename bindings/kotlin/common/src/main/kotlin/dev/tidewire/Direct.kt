package dev.tidewire

import com.sun.jna.Callback
import com.sun.jna.CallbackReference
import com.sun.jna.Native
import com.sun.jna.Pointer
import dev.tidewire.native.Batch
import dev.tidewire.native.FfiConverterTypeBatch
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.ConcurrentHashMap
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * What happens with every batch, by calls of plain numbers. A generated call makes four objects with native memory of their own, which take
 * longer than an event, and more again when they are collected (bench, "batches of one").
 */
internal object Direct {
    private const val LATER = 0L
    private const val ELSEWHERE = -1L

    /** In bytes. A buffer beyond the second one is given up after its use. */
    private const val FIRST_CAPACITY = 16 * 1024
    private const val MOST_CAPACITY = 256 * 1024

    /** The most items of a batch. Fewer come if they take more than 64 KiB. The bench changes it. */
    @JvmField
    var most: Int = 256

    /** Consumers that wait, by the number of their stream. */
    private val waiting = ConcurrentHashMap<Long, CancellableContinuation<Batch?>>()

    private fun interface Told : Callback {
        fun call(stream: Long)
    }

    private val told = Told { stream -> waiting.remove(stream)?.resume(null) }
    private val toldAddress: Long

    /** What a call writes is read before the thread does anything else, so a buffer serves all streams. */
    private val buffers = ThreadLocal.withInitial { Buffer(FIRST_CAPACITY) }

    private class Buffer(val capacity: Int) {
        val bytes: ByteBuffer = ByteBuffer.allocateDirect(capacity).order(ByteOrder.BIG_ENDIAN)
        val address: Long = Pointer.nativeValue(Native.getDirectBufferPointer(bytes))
    }

    init {
        Native.register(Direct::class.java, NativeLibrary.nameOrPath)
        NativeLibrary.keepThreadAttached(told)
        toldAddress = Pointer.nativeValue(CallbackReference.getFunctionPointer(told))
    }

    /** The next items of a stream, from [item] on; `null` if the generated call is to be used, which says why. */
    suspend fun nextBatch(stream: Long, item: ULong): Batch? {
        while (true) {
            val batch = suspendCancellableCoroutine { continuation ->
                // It may be told before the call returns.
                waiting[stream] = continuation
                val taken = take(stream, item.toLong())
                if (taken == null) {
                    continuation.invokeOnCancellation {
                        if (waiting.remove(stream, continuation)) tidewire_direct_leave(stream)
                    }
                } else if (waiting.remove(stream, continuation)) {
                    continuation.resume(taken)
                }
                // Otherwise a call that was on its way to an earlier consumer has resumed this one, which looks again.
            }
            if (batch != null) return batch.takeIf { it !== elsewhere }
        }
    }

    /** `null` if the consumer is told later. */
    private fun take(stream: Long, item: Long): Batch? {
        while (true) {
            val buffer = buffers.get()
            val length = tidewire_direct_take(stream, item, most, buffer.address, buffer.capacity.toLong(), toldAddress, stream)
            when {
                length > 0 -> {
                    if (buffer.capacity > MOST_CAPACITY) buffers.remove()
                    return FfiConverterTypeBatch.read(buffer.bytes.apply { clear().limit(length.toInt()) })
                }
                length == LATER -> return null
                length == ELSEWHERE || -length > Int.MAX_VALUE -> return elsewhere
                else -> buffers.set(Buffer((-length).toInt()))
            }
        }
    }

    private val elsewhere = Batch(emptyList(), null)

    @JvmStatic
    @Suppress("FunctionName", "LongParameterList")
    private external fun tidewire_direct_take(
        stream: Long,
        item: Long,
        most: Int,
        buffer: Long,
        capacity: Long,
        told: Long,
        data: Long,
    ): Long

    @JvmStatic
    @Suppress("FunctionName")
    private external fun tidewire_direct_leave(stream: Long)
}
