/* Decodes every body of the list of cases, and compares what comes with what `tidewire decode` prints, byte for byte.
 *
 * Usage: cases FILE, whose lines are made by `cargo xtask test --only bindings`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "tidewire.h"

/* What is printed. */
static struct {
    char *bytes;
    size_t length, room;
} out;

static void put(const char *bytes, size_t length) {
    if (out.length + length + 1 > out.room) {
        out.room = 2 * (out.length + length + 1);
        out.bytes = realloc(out.bytes, out.room);
        if (out.bytes == NULL) abort();
    }
    if (length > 0) memcpy(out.bytes + out.length, bytes, length);
    out.length += length;
    out.bytes[out.length] = 0;
}

static void say(const char *text) {
    put(text, strlen(text));
}

static void number(const char *name, long long value) {
    char text[64];
    snprintf(text, sizeof text, ",\"%s\":%lld", name, value);
    say(text);
}

static void number_if(const char *name, long long value) {
    if (value >= 0) number(name, value);
}

/* A JSON string. Deltas are written by another writer than the rest, which has no short form for two characters. */
static void quoted(tidewire_text text, int of_delta) {
    say("\"");
    for (size_t at = 0; at < text.length; at++) {
        unsigned char c = (unsigned char)text.bytes[at];
        char code[8];
        switch (c) {
            case '"': say("\\\""); break;
            case '\\': say("\\\\"); break;
            case '\n': say("\\n"); break;
            case '\r': say("\\r"); break;
            case '\t': say("\\t"); break;
            default:
                if (c >= 0x20) {
                    put((const char *)&c, 1);
                } else if (!of_delta && (c == '\b' || c == '\f')) {
                    say(c == '\b' ? "\\b" : "\\f");
                } else {
                    snprintf(code, sizeof code, "\\u%04x", c);
                    say(code);
                }
        }
    }
    say("\"");
}

static void field(const char *name, tidewire_text text) {
    say(",\"");
    say(name);
    say("\":");
    quoted(text, 0);
}

/* A field of a delta, which is left out if it is empty. */
static void delta_field(const char *name, tidewire_text text) {
    if (text.length == 0) return;
    say(",\"");
    say(name);
    say("\":");
    quoted(text, 1);
}

static void json_field(const char *name, tidewire_text json) {
    tidewire_string compact;
    if (tidewire_compact_json(json.bytes, json.length, &compact, NULL) != TIDEWIRE_OK) abort();
    say(",\"");
    say(name);
    say("\":");
    put(compact.bytes, compact.length);
    tidewire_string_free(&compact);
}

static void print_delta(const tidewire_delta *delta) {
    static const char *const kinds[] = {"none", "start", "text", "reasoning", "refusal", "tool_call", "arguments", "usage", "citation",
                                        "finish", "error", "other"};
    say("{\"type\":\"delta\",\"kind\":\"");
    say(kinds[delta->kind]);
    say("\"");
    if (delta->choice > 0) number("choice", delta->choice);
    switch (delta->kind) {
        case TIDEWIRE_DELTA_NONE: break;
        case TIDEWIRE_DELTA_START:
            delta_field("id", delta->id);
            delta_field("model", delta->model);
            delta_field("created", delta->created);
            break;
        case TIDEWIRE_DELTA_TEXT:
        case TIDEWIRE_DELTA_REASONING:
        case TIDEWIRE_DELTA_REFUSAL: delta_field("text", delta->text); break;
        case TIDEWIRE_DELTA_TOOL_CALL:
            number("index", delta->index);
            delta_field("id", delta->id);
            delta_field("name", delta->name);
            break;
        case TIDEWIRE_DELTA_ARGUMENTS:
            number("index", delta->index);
            delta_field("fragment", delta->text);
            break;
        case TIDEWIRE_DELTA_USAGE:
            number_if("input_tokens", delta->usage.input_tokens);
            number_if("output_tokens", delta->usage.output_tokens);
            number_if("total_tokens", delta->usage.total_tokens);
            number_if("reasoning_tokens", delta->usage.reasoning_tokens);
            number_if("cached_tokens", delta->usage.cached_tokens);
            number_if("cache_write_tokens", delta->usage.cache_write_tokens);
            break;
        case TIDEWIRE_DELTA_CITATION:
            delta_field("url", delta->url);
            delta_field("title", delta->title);
            break;
        case TIDEWIRE_DELTA_FINISH:
            delta_field("reason", delta->reason);
            delta_field("said", delta->said);
            break;
        case TIDEWIRE_DELTA_ERROR:
            delta_field("code", delta->name);
            delta_field("message", delta->text);
            say(delta->retryable ? ",\"retryable\":true" : ",\"retryable\":false");
            break;
        case TIDEWIRE_DELTA_OTHER:
            delta_field("name", delta->name);
            json_field("value", delta->text);
            break;
    }
    say("}\n");
}

static void print_event(const tidewire_event *event) {
    switch (event->kind) {
        case TIDEWIRE_KIND_NONE:
        case TIDEWIRE_KIND_ATTEMPT:
        case TIDEWIRE_KIND_STALL:
            /* A decoder has none of these. */
            abort();
        case TIDEWIRE_KIND_DELTA: print_delta(&event->delta); return;
        case TIDEWIRE_KIND_EVENT:
            say("{\"type\":\"event\"");
            field("event", event->name);
            field("data", event->data);
            if (event->id.length > 0) field("id", event->id);
            break;
        case TIDEWIRE_KIND_RECORD:
            say("{\"type\":\"record\"");
            number("index", event->number);
            json_field("value", event->data);
            break;
        case TIDEWIRE_KIND_TEXT:
            say("{\"type\":\"text\"");
            field("text", event->data);
            break;
        case TIDEWIRE_KIND_COMMENT:
            say("{\"type\":\"comment\"");
            field("comment", event->data);
            break;
        case TIDEWIRE_KIND_RETRY:
            say("{\"type\":\"retry\"");
            number("ms", event->ms);
            break;
        case TIDEWIRE_KIND_PROBLEM:
            say("{\"type\":\"error\"");
            field("code", event->name);
            field("message", event->data);
            number("offset", event->offset);
            number_if("limit", event->limit);
            break;
        case TIDEWIRE_KIND_GAP:
            say("{\"type\":\"gap\"");
            if (event->id.bytes != NULL) field("after", event->id);
            break;
        case TIDEWIRE_KIND_REPLAYED:
            say("{\"type\":\"replayed\"");
            field("id", event->id);
            break;
    }
    say("}\n");
}

static void print_end(const tidewire_end *end) {
    int is_success = end->code == TIDEWIRE_CODE_COMPLETE || end->code == TIDEWIRE_CODE_ENDED;
    say("{\"type\":\"end\",\"outcome\":\"");
    say(tidewire_code_name(end->code));
    say("\"");
    number("events", (long long)end->stats.events);
    number("bytes", (long long)end->stats.bytes);
    if (end->cursor.bytes != NULL && !is_success) field("cursor", end->cursor);
    number_if("offset", end->offset);
    number_if("limit", end->limit);
    if (end->error.bytes != NULL) field("error", end->error);
    say("}\n");
}

/* Prints what is ready; true at the end. */
static bool print_ready(tidewire_decoder *decoder) {
    tidewire_event event;
    tidewire_string message;
    for (;;) {
        switch (tidewire_decoder_next(decoder, &event, NULL)) {
            case TIDEWIRE_EVENT: print_event(&event); break;
            case TIDEWIRE_NOTHING: return false;
            case TIDEWIRE_END:
                if (tidewire_decoder_message(decoder, &message) == TIDEWIRE_OK) {
                    put(message.bytes, message.length);
                    say("\n");
                    tidewire_string_free(&message);
                }
                print_end(&event.end);
                return true;
            default: abort();
        }
    }
}

static void decode(const char *settings, const char *hex, size_t chunk) {
    tidewire_decoder *decoder;
    tidewire_error error;
    if (tidewire_decoder_new(settings, &decoder, &error) != TIDEWIRE_OK) {
        say(error.message);
        return;
    }
    size_t length = strlen(hex) / 2;
    char *body = malloc(length + 1);
    if (body == NULL) abort();
    for (size_t at = 0; at < length; at++) {
        char digits[3] = {hex[2 * at], hex[2 * at + 1], 0};
        body[at] = (char)strtoul(digits, NULL, 16);
    }
    bool is_over = false;
    for (size_t at = 0; at < length && !is_over;) {
        size_t piece = chunk == 0 || chunk > length - at ? length - at : chunk;
        if (tidewire_decoder_push(decoder, body + at, piece, NULL) != TIDEWIRE_OK) abort();
        at += piece;
        is_over = print_ready(decoder);
    }
    if (!is_over) {
        if (tidewire_decoder_finish(decoder, NULL) != TIDEWIRE_OK || !print_ready(decoder)) abort();
    }
    tidewire_decoder_free(decoder);
    free(body);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    char *lines = read_file(argv[1]);
    int count = 0, wrong = 0;
    for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        slice row = {line, strlen(line)}, printed = json_member(row, "printed"), item;
        slice raw = json_member(row, "settings");
        char *settings = calloc(raw.length + 1, 1), *hex = json_string(json_member(row, "body"));
        if (settings == NULL || hex == NULL || printed.at == NULL) abort();
        memcpy(settings, raw.at, raw.length);
        out.length = 0;
        decode(settings, hex, (size_t)json_number(json_member(row, "chunk")));
        size_t at = 0;
        bool is_equal = true;
        while (json_next_item(&printed, &item)) {
            char *want = json_string(item);
            size_t length = strlen(want);
            is_equal = is_equal && out.length > at + length && memcmp(out.bytes + at, want, length) == 0 && out.bytes[at + length] == '\n';
            at += length + 1;
            free(want);
        }
        if (!is_equal || at != out.length) {
            if (wrong++ < 5) fprintf(stderr, "%.*s\nprinted:\n%s\n", 4000, line, out.bytes);
        }
        count++;
        free(settings);
        free(hex);
    }
    free(lines);
    free(out.bytes);
    tidewire_shutdown();
    printf("%d cases, %d wrong\n", count, wrong);
    return count == 0 || wrong > 0;
}
