package dev.tidewire

import dev.tidewire.native.Batch
import dev.tidewire.native.Delta as NativeDelta
import dev.tidewire.native.Header
import dev.tidewire.native.InternalException
import dev.tidewire.native.Item
import dev.tidewire.native.NativeException
import dev.tidewire.native.StreamEnd
import dev.tidewire.native.StreamState as NativeState
import dev.tidewire.native.StreamStats as NativeStats
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

internal fun frameOf(item: Item): Frame = when (item) {
    is Item.Event -> Event(item.event, item.data, item.id)
    is Item.Record -> Frame.Record(item.json, item.index?.toLong())
    is Item.Text -> Frame.Text(item.text)
    is Item.Reply -> deltaOf(item.delta)
    is Item.Comment -> Frame.Comment(item.comment)
    is Item.Retry -> Frame.Retry(duration(item.ms))
    is Item.Problem -> Frame.BadRecord(item.code, item.message, item.offset?.toLong(), item.limit?.toLong())
    is Item.Attempt -> Frame.Attempt(
        number = item.number.toInt(),
        delay = duration(item.delayMs),
        reason = item.reason,
        cursor = item.cursor,
        asked = item.askedMs?.let(::duration),
        error = item.error,
    )
    is Item.Stall -> Frame.Stall(duration(item.silentMs))
    is Item.Gap -> Frame.Gap(item.after)
    is Item.Replayed -> Frame.Replayed(item.id)
}

internal fun deltaOf(delta: NativeDelta): Delta = when (delta) {
    is NativeDelta.Start -> Delta.Start(delta.id, delta.model, delta.created)
    is NativeDelta.Text -> Delta.Text(delta.text, delta.choice.toInt())
    is NativeDelta.Reasoning -> Delta.Reasoning(delta.text, delta.choice.toInt())
    is NativeDelta.Refusal -> Delta.Refusal(delta.text, delta.choice.toInt())
    is NativeDelta.ToolCall -> Delta.ToolCall(delta.index.toInt(), delta.id, delta.name, delta.choice.toInt())
    is NativeDelta.Arguments -> Delta.Arguments(delta.index.toInt(), delta.fragment, delta.choice.toInt())
    is NativeDelta.Usage -> with(delta.usage) {
        Delta.Usage(
            inputTokens = inputTokens?.toLong(),
            outputTokens = outputTokens?.toLong(),
            totalTokens = totalTokens?.toLong(),
            reasoningTokens = reasoningTokens?.toLong(),
            cachedTokens = cachedTokens?.toLong(),
            cacheWriteTokens = cacheWriteTokens?.toLong(),
        )
    }
    is NativeDelta.Citation -> Delta.Citation(delta.url, delta.title, delta.choice.toInt())
    is NativeDelta.Finish -> Delta.Finish(delta.reason, delta.said, delta.choice.toInt())
    is NativeDelta.Error -> Delta.Error(delta.kind, delta.message, delta.retryable)
    is NativeDelta.Other -> Delta.Other(delta.name, delta.json)
}

internal fun framesOf(batch: Batch): List<Frame> = batch.items.map(::frameOf)

/** [reply] is the message of a reply as JSON; [outcome] and [lastEventId] are those of the consumer, which may not have taken everything. */
internal fun resultOf(
    end: StreamEnd,
    reply: String?,
    outcome: Outcome = Outcome.of(end.code),
    message: String = end.message,
    lastEventId: String? = end.cursor,
    stats: NativeStats = end.stats,
): StreamResult = StreamResult(
    outcome = outcome,
    message = message,
    lastEventId = lastEventId,
    stats = statsOf(stats),
    reply = reply?.let(::Message),
    error = end.error,
    status = end.status?.toInt(),
    headers = end.headers.map { (name, value) -> name to value },
    body = end.body,
    retryAfter = end.retryAfterMs?.let(::duration),
    timeout = end.timeout,
    offset = end.offset?.toLong(),
    limit = end.limit?.toLong(),
)

internal fun statsOf(stats: NativeStats): StreamStats = StreamStats(
    firstByte = stats.firstByteMs?.let(::duration),
    firstEvent = stats.firstEventMs?.let(::duration),
    bytes = stats.bytes.toLong(),
    events = stats.events.toLong(),
    attempts = stats.attempts.toInt(),
    longestSilence = duration(stats.longestSilenceMs),
    elapsed = duration(stats.elapsedMs),
)

internal fun stateOf(state: NativeState): StreamState = when (state.name) {
    "idle" -> StreamState.Idle
    "connecting" -> StreamState.Connecting
    "open" -> StreamState.Open
    "waiting" -> StreamState.Waiting(duration(state.delayMs ?: 0UL))
    else -> StreamState.Closed(Outcome.of(state.outcome ?: Outcome.USAGE.code))
}

internal fun headersOf(headers: Iterable<Pair<String, String>>): List<Header> =
    headers.map { (name, value) -> Header(name, value) }

/** A limit in whole milliseconds. What is shorter than one becomes one, since 0 means no limit. */
internal fun limit(name: String, time: Duration): ULong = when {
    time.isInfinite() && time.isPositive() -> 0UL
    time > Duration.ZERO && time < 1.milliseconds -> 1UL
    else -> milliseconds(name, time)
}

/** Whole milliseconds. */
internal fun milliseconds(name: String, time: Duration): ULong {
    if (time.isNegative() || time.isInfinite()) throw TidewireException.usage("$name cannot be $time")
    return time.inWholeMilliseconds.toULong()
}

/** Runs a call of the native library, whose errors become the ones of this API. */
internal inline fun <R> calling(call: () -> R): R = try {
    call()
} catch (error: NativeException.Usage) {
    throw TidewireException.usage(error.reason, error)
} catch (error: NativeException.Internal) {
    throw TidewireException(Outcome.INTERNAL.code, error.reason, cause = error)
} catch (error: InternalException) {
    throw TidewireException(Outcome.INTERNAL.code, "the library has a defect: ${error.message}", cause = error)
}

private fun duration(ms: ULong): Duration = ms.toLong().milliseconds
