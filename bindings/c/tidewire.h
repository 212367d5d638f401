/* Tidewire: streams over HTTP, read from C.
 *
 * This file is made from the sources of the library by `cargo xtask bindings c`.
 *
 * Every function can be called with NULL; what cannot be done without the argument returns TIDEWIRE_ERROR. Pointers that are not NULL have to
 * be valid. An object is freed once, when no other call uses it. Options are a JSON object; the README lists them. Texts that are passed are
 * UTF-8; those without a length are ended by a NUL.
 */

#ifndef TIDEWIRE_H
#define TIDEWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The bytes of an error's message, with its NUL.
#define TIDEWIRE_MESSAGE_BYTES 512

// The result of a call.
typedef enum {
    // It was carried out.
    TIDEWIRE_OK = 0,
    // The next event is there.
    TIDEWIRE_EVENT = 1,
    // The stream is over; no event follows.
    TIDEWIRE_END = 2,
    // The time passed before an event arrived.
    TIDEWIRE_TIMEOUT = 3,
    // tidewire_interrupt was called.
    TIDEWIRE_INTERRUPTED = 4,
    // There is nothing of what was asked for, or not yet.
    TIDEWIRE_NOTHING = 5,
    // It could not be carried out.
    TIDEWIRE_ERROR = 6,
} tidewire_status;

// How a stream ended, or why a call could not be carried out.
typedef enum {
    // Not known yet.
    TIDEWIRE_CODE_NONE = 0,
    // Success: the stream's own end marker arrived.
    TIDEWIRE_CODE_COMPLETE = 1,
    // Success: the body ended cleanly, and no marker was expected.
    TIDEWIRE_CODE_ENDED = 2,
    // The body ended too early, and could not be resumed.
    TIDEWIRE_CODE_TRUNCATED = 3,
    // The peer reported an error inside the stream.
    TIDEWIRE_CODE_FAILED = 4,
    // The status or the content type is not acceptable.
    TIDEWIRE_CODE_REFUSED = 5,
    // A time limit passed.
    TIDEWIRE_CODE_TIMED_OUT = 6,
    // Transport errors used up the attempts before any record arrived.
    TIDEWIRE_CODE_UNREACHABLE = 7,
    // A record exceeded its limit, or the body could not be decoded.
    TIDEWIRE_CODE_UNREADABLE = 8,
    // The caller stopped it.
    TIDEWIRE_CODE_CANCELLED = 9,
    // The caller's mistake: an option, a URL, a header, or a call at the wrong time. Nothing was sent.
    TIDEWIRE_CODE_USAGE = 10,
    // A defect of this library.
    TIDEWIRE_CODE_INTERNAL = 11,
} tidewire_code;

// What an event is. It says which fields of a tidewire_event have a meaning.
typedef enum {
    // No event: the call returned something else than TIDEWIRE_EVENT.
    TIDEWIRE_KIND_NONE = 0,
    // An event of an SSE stream: `name` is its type ("message" if the stream does not name it), `data`, and `id` is the last event id
    // in effect (empty before the first one).
    TIDEWIRE_KIND_EVENT = 1,
    // A JSON record: `data` is its text, `number` its place in the body from 0, or -1.
    TIDEWIRE_KIND_RECORD = 2,
    // A piece of a text: `data`.
    TIDEWIRE_KIND_TEXT = 3,
    // A piece of an LLM's reply: `delta`.
    TIDEWIRE_KIND_DELTA = 4,
    // A comment, or a heartbeat: `data`.
    TIDEWIRE_KIND_COMMENT = 5,
    // The server asks to wait `ms` before a reconnect.
    TIDEWIRE_KIND_RETRY = 6,
    // A record that cannot be read; the stream continues. `name` is "bad_record" or "too_large", `data` says what is wrong with it,
    // `offset` is its place in the decoded body in bytes, and `limit` what it exceeds; both may be -1.
    TIDEWIRE_KIND_PROBLEM = 7,
    // A notice: a request is due. `number` counts the attempts of the stream from 1, `ms` is the wait before it, `reason` says why it
    // is made (none for the first), `cursor` from where it continues, `error` what is known about the failure of the last one, and
    // `asked_ms` is the wait that the server asked for if it is longer than what is honoured.
    TIDEWIRE_KIND_ATTEMPT = 8,
    // A notice: the wire has been silent for `ms`.
    TIDEWIRE_KIND_STALL = 9,
    // A notice: records are missing here, or may be. `id` is the cursor after which they are missing, if there is one.
    TIDEWIRE_KIND_GAP = 10,
    // A notice: the present response repeats records. `id` is that of the first one.
    TIDEWIRE_KIND_REPLAYED = 11,
} tidewire_kind;

// What a piece of a reply is. It says which fields of a tidewire_delta have a meaning.
typedef enum {
    // No delta.
    TIDEWIRE_DELTA_NONE = 0,
    // The reply has begun: `id`, `model` and `created`; what the provider does not say is empty.
    TIDEWIRE_DELTA_START = 1,
    // Text of the reply: `text`.
    TIDEWIRE_DELTA_TEXT = 2,
    // The model's reasoning, or a summary of it: `text`.
    TIDEWIRE_DELTA_REASONING = 3,
    // Why the model refuses to answer: `text`.
    TIDEWIRE_DELTA_REFUSAL = 4,
    // A tool call begins: `index`, `id` and `name`.
    TIDEWIRE_DELTA_TOOL_CALL = 5,
    // More of the JSON text of a call's arguments: `index` and `text`.
    TIDEWIRE_DELTA_ARGUMENTS = 6,
    // The tokens used so far: `usage`. A later report replaces the counts that it names.
    TIDEWIRE_DELTA_USAGE = 7,
    // A source that the reply cites: `url` and `title`.
    TIDEWIRE_DELTA_CITATION = 8,
    // An alternative is finished: `reason` is the same for every provider, `said` is the provider's own word.
    TIDEWIRE_DELTA_FINISH = 9,
    // The provider reports a failure, and the stream is over: `name` is its kind, `text` the message, and `retryable`.
    TIDEWIRE_DELTA_ERROR = 10,
    // Anything else: `name`, and `text` is JSON.
    TIDEWIRE_DELTA_OTHER = 11,
} tidewire_delta_kind;

// What a stream is doing.
typedef enum {
    // Nothing was asked for yet.
    TIDEWIRE_STATE_IDLE = 0,
    // A request is on its way.
    TIDEWIRE_STATE_CONNECTING = 1,
    // A response is being read.
    TIDEWIRE_STATE_OPEN = 2,
    // It waits before the next attempt.
    TIDEWIRE_STATE_WAITING = 3,
    // It is over.
    TIDEWIRE_STATE_CLOSED = 4,
} tidewire_state_kind;

// What a stream reads its response as.
typedef enum {
    // SSE events.
    TIDEWIRE_EVENTS = 0,
    // JSON records of any format.
    TIDEWIRE_RECORDS = 1,
    // Text.
    TIDEWIRE_TEXT = 2,
    // The deltas of an LLM's reply.
    TIDEWIRE_REPLY = 3,
    // Everything, comments included.
    TIDEWIRE_FRAMES = 4,
} tidewire_stream_kind;

// What is to be changed of a request. It is valid during the call.
typedef struct tidewire_changes tidewire_changes;

// A client: the connections, headers and limits that its streams share. Any thread may use it.
typedef struct tidewire_client tidewire_client;

// A decoder of one body, fed in pieces that may be cut anywhere. One thread at a time may use it.
typedef struct tidewire_decoder tidewire_decoder;

// A stream. One thread at a time reads it with tidewire_next. Any thread may call everything else meanwhile, except
// tidewire_stream_free, which must be the last call.
typedef struct tidewire_stream tidewire_stream;

// A text that belongs to the caller, who frees it with tidewire_string_free. UTF-8, and ended by a NUL that its length does not count.
typedef struct {
    // NULL if there is none.
    char *bytes;
    size_t length;
} tidewire_string;

// Why a call could not be carried out. It is written only if the call returns TIDEWIRE_ERROR.
typedef struct {
    // TIDEWIRE_CODE_USAGE or TIDEWIRE_CODE_INTERNAL.
    tidewire_code code;
    // What is wrong, for people: UTF-8, ended by a NUL, shortened if it is very long.
    char message[TIDEWIRE_MESSAGE_BYTES];
} tidewire_error;

// A text that belongs to the library: UTF-8, not ended by a NUL. How long it stays valid is said where it is returned.
typedef struct {
    // NULL if there is no text, which is something else than an empty one.
    const char *bytes;
    size_t length;
} tidewire_text;

// A header. Its texts stay valid as long as what they are a part of.
typedef struct {
    tidewire_text name;
    tidewire_text value;
} tidewire_header;

// The request of one attempt, as it would be sent. It is valid during the call.
typedef struct {
    // Which attempt of the stream it is, from 1.
    uint32_t attempt;
    // Why it is made; none for the first.
    tidewire_text reason;
    // The cursor from which the stream continues, if there is one.
    tidewire_text cursor;
    tidewire_text method;
    // The URL with its query.
    tidewire_text url;
    // The headers, those included that the client adds.
    const tidewire_header *headers;
    size_t header_count;
    // The body, if there is one; any bytes.
    tidewire_text body;
} tidewire_request;

// A function that looks at the request of an attempt and says what to change. It returns 0. Anything else, or a call of tidewire_fail,
// means that it failed, and the attempt counts as one that did not connect.
//
// It runs on a thread of the library, so one that waits delays its own stream alone. It must return: no exception and no longjmp may
// leave it.
typedef int (*tidewire_hook)(void *user_data, const tidewire_request *request, tidewire_changes *changes);

// The functions of a stream. Each of them may be NULL.
typedef struct {
    // Called for each attempt, last: headers, URL and body are as they would be sent, so that they can be signed.
    tidewire_hook prepare;
    // Renews what the request carries after a 401, once in a row. Its changes apply to all later attempts.
    tidewire_hook refresh;
    // Makes the request that continues after a cursor, of the request without a cursor.
    tidewire_hook resume;
    // Passed to the functions.
    void *user_data;
    // Called once, on any thread, when no function will be called any more; also if the stream could not be opened.
    void (*release)(void *user_data);
} tidewire_hooks;

// Token counts; those that the provider does not report are -1.
typedef struct {
    int64_t input_tokens;
    int64_t output_tokens;
    int64_t total_tokens;
    int64_t reasoning_tokens;
    int64_t cached_tokens;
    int64_t cache_write_tokens;
} tidewire_usage;

// A typed piece of a reply, the same for every provider.
typedef struct {
    tidewire_delta_kind kind;
    // The number of the alternative, from 0; nearly all replies have one.
    uint32_t choice;
    // The number of the tool call, from 0.
    uint32_t index;
    bool retryable;
    tidewire_text id;
    tidewire_text model;
    tidewire_text created;
    tidewire_text text;
    tidewire_text name;
    tidewire_text url;
    tidewire_text title;
    tidewire_text reason;
    tidewire_text said;
    tidewire_usage usage;
} tidewire_delta;

// What a stream received so far, and how long it took, in milliseconds.
typedef struct {
    // From the start to the first byte of a body; -1 before that.
    int64_t first_byte_ms;
    // From the start to the first record; -1 before that.
    int64_t first_event_ms;
    // Bytes of the decoded bodies.
    uint64_t bytes;
    // Records that were delivered.
    uint64_t events;
    // Requests that were sent.
    uint32_t attempts;
    // The longest silence on the wire while the caller was waiting.
    uint64_t longest_silence_ms;
    // From the start to the end, or to now.
    uint64_t elapsed_ms;
} tidewire_stream_stats;

// How a stream ended. Its texts stay valid until the stream or the decoder is freed.
typedef struct {
    // The outcome. TIDEWIRE_CODE_COMPLETE and TIDEWIRE_CODE_ENDED are success.
    tidewire_code code;
    // What to tell people; empty for a success.
    tidewire_text message;
    // The cursor from which a later stream can continue this one, if there is one.
    tidewire_text cursor;
    // What the transport or the peer said about the failure, if anything; of a refusal, the server's reason.
    tidewire_text error;
    // The HTTP status of a refusal, else 0.
    uint16_t status;
    // The headers of the refused response.
    const tidewire_header *headers;
    size_t header_count;
    // The body of the refused response, up to 64 KiB; any bytes.
    tidewire_text body;
    // The wait that a refusal asked for, if it was too long to be honoured; else -1.
    int64_t retry_after_ms;
    // Which limit passed, if one did: connect, first_event, idle, progress, total or queue.
    tidewire_text timeout;
    // Where the body became unreadable, in bytes of the decoded body; else -1.
    int64_t offset;
    // The limit that a record exceeded, in bytes; else -1.
    int64_t limit;
    // What the stream received.
    tidewire_stream_stats stats;
} tidewire_end;

// What a stream delivers: a record, or a notice at its place between the records. Texts stay valid until the next call of
// tidewire_next on the same stream (tidewire_decoder_next on the same decoder), or until that is freed.
typedef struct {
    // What it is, and so which of the fields have a meaning.
    tidewire_kind kind;
    tidewire_text name;
    tidewire_text data;
    tidewire_text id;
    int64_t number;
    int64_t ms;
    int64_t offset;
    int64_t limit;
    int64_t asked_ms;
    tidewire_text reason;
    tidewire_text cursor;
    tidewire_text error;
    tidewire_delta delta;
    // How the stream ended, if the call returned TIDEWIRE_END.
    tidewire_end end;
} tidewire_event;

// What a stream is doing, in numbers.
typedef struct {
    tidewire_state_kind kind;
    // While it waits: the rest of the wait in milliseconds; else -1.
    int64_t delay_ms;
    // Once it is over: the outcome; TIDEWIRE_CODE_NONE if no request could be made.
    tidewire_code code;
} tidewire_stream_state;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The name of a tidewire_code: "complete", "timed_out" and so on; "none" for anything else. It lives as long as the program.
const char *tidewire_code_name(int code);

// Frees a text and empties the struct, so that freeing it twice does nothing. NULL is allowed.
//
// The struct is as a call of this library has filled it.
void tidewire_string_free(tidewire_string *string);

// Writes JSON text without white space between its tokens, as `tidewire decode` prints records. Numbers and texts stay as they are.
tidewire_status tidewire_compact_json(const char *json, size_t length, tidewire_string *string, tidewire_error *error);

// Makes a client. `options_json` is an object with `baseUrl`, `headers`, `secretHeaders`, `allowedOrigins`, `caCertificates` (PEM),
// `connectTimeout`, `maxConcurrent` and `queueTimeout`; NULL stands for none of them.
tidewire_status tidewire_client_new(const char *options_json, tidewire_client **client, tidewire_error *error);

// Frees a client. Its streams go on. NULL is allowed.
void tidewire_client_free(tidewire_client *client);

// Stops the library's threads: streams that are still open end, and their connections are closed. To be called before the program exits
// or unloads the library. A stream that is opened later starts them again.
void tidewire_shutdown(void);

// Requests from now on use new connections, in every client: another network is used, or the machine has slept. The requests that are under
// way keep theirs, see `tidewire_check` and `tidewire_reconnect`.
void tidewire_forget_connections(void);

// The version of this library. It lives as long as the program.
const char *tidewire_version(void);

// Sets the method.
tidewire_status tidewire_set_method(tidewire_changes *changes, const char *method);

// Sets the URL. A relative one is resolved against the present one.
tidewire_status tidewire_set_url(tidewire_changes *changes, const char *url);

// Sets a header in place of those with the same name.
tidewire_status tidewire_set_header(tidewire_changes *changes, const char *name, const char *value);

// Sets the body. The bytes are copied.
tidewire_status tidewire_set_body(tidewire_changes *changes, const void *body, size_t length);

// Takes the body away.
tidewire_status tidewire_clear_body(tidewire_changes *changes);

// Says why the function fails.
tidewire_status tidewire_fail(tidewire_changes *changes, const char *reason);

// Opens a stream. Nothing is sent before its first event is asked for.
//
// `client` may be NULL. `kind` is a tidewire_stream_kind. `options_json` is an object with `url` and any of the options of the README; an
// option that does not exist is an error. `hooks` may be NULL; they are copied.
tidewire_status tidewire_open(const tidewire_client *client,
                              int kind,
                              const char *options_json,
                              const tidewire_hooks *hooks,
                              tidewire_stream **stream,
                              tidewire_error *error);

// The same with a body of any bytes, which are copied.
tidewire_status tidewire_open_with_body(const tidewire_client *client,
                                        int kind,
                                        const char *options_json,
                                        const void *body,
                                        size_t body_length,
                                        const tidewire_hooks *hooks,
                                        tidewire_stream **stream,
                                        tidewire_error *error);

// Waits for the next event: TIDEWIRE_EVENT, TIDEWIRE_END, TIDEWIRE_TIMEOUT, TIDEWIRE_INTERRUPTED, or TIDEWIRE_ERROR with `error`.
//
// It waits `timeout_ms` milliseconds at most; a negative number is no limit. With 0 it takes what has arrived and does not wait; the limits
// on silence do not count then. A stream is read by these calls alone. No event is lost when a call returns without one.
tidewire_status tidewire_next(const tidewire_stream *stream, int64_t timeout_ms, tidewire_event *event, tidewire_error *error);

// Lets the call of tidewire_next that waits return TIDEWIRE_INTERRUPTED, or the next one that would wait.
tidewire_status tidewire_interrupt(const tidewire_stream *stream);

// Stops the stream and closes its connection. Events that were read are still handed out; then it ends with TIDEWIRE_CODE_CANCELLED.
tidewire_status tidewire_stop(const tidewire_stream *stream);

// Reads nothing until tidewire_resume, although a call may wait. The limits on silence stand still.
tidewire_status tidewire_pause(const tidewire_stream *stream);

// Continues after tidewire_pause.
tidewire_status tidewire_resume(const tidewire_stream *stream);

// Connects again at once, if the request may be sent again: the network is back, or the stream seems dead.
tidewire_status tidewire_reconnect(const tidewire_stream *stream);

// Looks whether the stream is alive after an absence (an app was in the background, a computer slept) of `away_ms` milliseconds: a stream
// that waits connects at once, and one whose connection may be dead, and stays silent for a second more, is continued by another request
// if that loses nothing.
tidewire_status tidewire_check(const tidewire_stream *stream, uint64_t away_ms);

// What the stream is doing.
tidewire_status tidewire_state(const tidewire_stream *stream, tidewire_stream_state *state);

// What the stream received so far.
tidewire_status tidewire_stats(const tidewire_stream *stream, tidewire_stream_stats *stats);

// How the stream ended; TIDEWIRE_NOTHING while it runs. It may be over before its last events were taken.
tidewire_status tidewire_outcome(const tidewire_stream *stream, tidewire_end *end);

// The cursor after the events that the caller got, from which another stream can continue (`lastEventId`).
tidewire_status tidewire_last_event_id(const tidewire_stream *stream, tidewire_string *string);

// The message of a reply so far, as the JSON object that the command `tidewire` prints; TIDEWIRE_NOTHING for other kinds of streams.
tidewire_status tidewire_message(const tidewire_stream *stream, tidewire_string *string);

// The format of the present response; "auto" before it is known.
tidewire_status tidewire_format(const tidewire_stream *stream, tidewire_string *string);

// The dialect in which the reply is read; "auto" until a record identifies it, TIDEWIRE_NOTHING without a dialect.
tidewire_status tidewire_dialect(const tidewire_stream *stream, tidewire_string *string);

// Stops the stream and frees it. No other call may be using it. NULL is allowed.
void tidewire_stream_free(tidewire_stream *stream);

// Makes a decoder. `options_json` is an object with `format`, `dialect`, `maxEventBytes`, `skipOversized`, `deliverUnterminated`, `endOn`,
// `failOn` and `heartbeatOn`; NULL stands for none of them. Without a format the first bytes decide.
tidewire_status tidewire_decoder_new(const char *options_json, tidewire_decoder **decoder, tidewire_error *error);

// Takes the next piece of the body. The bytes are copied. What they complete is taken with tidewire_decoder_next.
tidewire_status tidewire_decoder_push(const tidewire_decoder *decoder, const void *piece, size_t length, tidewire_error *error);

// Takes the clean end of the body.
tidewire_status tidewire_decoder_finish(const tidewire_decoder *decoder, tidewire_error *error);

// The next event: TIDEWIRE_EVENT, TIDEWIRE_NOTHING if more of the body is needed, TIDEWIRE_END, or TIDEWIRE_ERROR with `error`.
tidewire_status tidewire_decoder_next(const tidewire_decoder *decoder, tidewire_event *event, tidewire_error *error);

// The message of a reply so far, as the JSON object that the command `tidewire` prints; TIDEWIRE_NOTHING without a dialect.
tidewire_status tidewire_decoder_message(const tidewire_decoder *decoder, tidewire_string *string);

// Frees a decoder. NULL is allowed.
void tidewire_decoder_free(tidewire_decoder *decoder);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TIDEWIRE_H */
