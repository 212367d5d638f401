package dev.tidewire

import kotlin.time.Duration
import kotlinx.serialization.DeserializationStrategy
import kotlinx.serialization.json.Json
import kotlinx.serialization.serializer

/** Anything that a stream delivers: a record, or a notice about the stream at its place between the records. */
public sealed interface Frame {
    /**
     * A JSON record.
     *
     * @property json its text, as it was sent
     * @property index its number in the body, from 0
     */
    public data class Record(public val json: String, public val index: Long?) : Frame

    /** A piece of a text. */
    public data class Text(public val text: String) : Frame

    /** A comment of an SSE stream, or a heartbeat. */
    public data class Comment(public val text: String) : Frame

    /** The server asks to wait this long before a reconnect. */
    public data class Retry(public val wait: Duration) : Frame

    /**
     * A record that cannot be read. The stream continues after it.
     *
     * @property code `bad_record`, or `too_large` for one that exceeds `maxEventBytes` and was skipped
     * @property message what is wrong with it
     * @property offset where it is, in bytes of the decoded body, if that is known
     * @property limit the limit that it exceeds, in bytes
     */
    public data class BadRecord(
        public val code: String,
        public val message: String,
        public val offset: Long?,
        public val limit: Long?,
    ) : Frame

    /**
     * A request is due, after its [delay].
     *
     * @property number which attempt of the stream it is, from 1
     * @property delay how long the stream waits before it
     * @property reason why it is made: `connect`, `head`, `body`, `status`, `end`, `idle`, `progress`, `first_event` or `kick`; `null` for
     *   the first
     * @property cursor the cursor from which the stream continues
     * @property asked the wait that the server asked for, if it is longer than the wait that is honoured
     * @property error what is known about the failure of the last attempt, for people
     */
    public data class Attempt(
        public val number: Int,
        public val delay: Duration,
        public val reason: String?,
        public val cursor: String?,
        public val asked: Duration?,
        public val error: String?,
    ) : Frame

    /** The wire has been silent for this long. */
    public data class Stall(public val silent: Duration) : Frame

    /** Records are missing here, or may be: those after the cursor [after], if there is one. */
    public data class Gap(public val after: String?) : Frame

    /** The present response repeats records; [id] is the first that was repeated. */
    public data class Replayed(public val id: String) : Frame
}

/**
 * An event of an SSE stream.
 *
 * @property type its type; `message` if the stream does not name it
 * @property data its data
 * @property id the last event id in effect; empty before the first one
 */
public data class Event(public val type: String, public val data: String, public val id: String) : Frame {
    /** The data as the JSON value that it is. Fields that [T] does not have are ignored, unless [json] says otherwise. */
    public inline fun <reified T> json(json: Json = TidewireJson): T = json(json.serializersModule.serializer<T>(), json)

    /** The same with a [deserializer]. */
    public fun <T> json(deserializer: DeserializationStrategy<T>, json: Json = TidewireJson): T =
        json.decodeFromString(deserializer, data)
}

/** How JSON is read unless the caller says otherwise: fields that a class does not have are ignored, since servers add fields. */
public val TidewireJson: Json = Json { ignoreUnknownKeys = true }
