/* Runs the end-to-end list that every language runs against `tidewire serve`.
 *
 * Usage: end_to_end FILE URL [CA_FILE] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "tidewire.h"

/* An item of a stream. */
typedef struct seen {
    long records;
    bool ids;
    char *text;
    size_t text_length;
    bool notices[TIDEWIRE_KIND_REPLAYED + 1];
    bool too_large;
} seen;

static int wrong;

static void fail(const char *row, const char *key, const char *have, slice want) {
    fprintf(stderr, "%s: %s is %s, not %.*s\n", row, key, have, (int)want.length, want.at);
    wrong++;
}

static void add(seen *seen, tidewire_text text) {
    seen->text = realloc(seen->text, seen->text_length + text.length + 1);
    if (seen->text == NULL) abort();
    if (text.length > 0) memcpy(seen->text + seen->text_length, text.bytes, text.length);
    seen->text_length += text.length;
    seen->text[seen->text_length] = 0;
}

static void note(seen *seen, const tidewire_event *event) {
    char id[24];
    seen->notices[event->kind] = true;
    switch (event->kind) {
        case TIDEWIRE_KIND_EVENT:
            seen->records++;
            snprintf(id, sizeof id, "%ld", seen->records);
            seen->ids = seen->ids && event->id.length == strlen(id) && memcmp(event->id.bytes, id, event->id.length) == 0;
            break;
        case TIDEWIRE_KIND_RECORD: seen->records++; break;
        case TIDEWIRE_KIND_TEXT:
            seen->records++;
            add(seen, event->data);
            break;
        case TIDEWIRE_KIND_DELTA:
            seen->records++;
            if (event->delta.kind == TIDEWIRE_DELTA_TEXT) add(seen, event->delta.text);
            break;
        case TIDEWIRE_KIND_PROBLEM:
            seen->too_large = seen->too_large || (event->name.length == 9 && memcmp(event->name.bytes, "too_large", 9) == 0);
            break;
        default: break;
    }
}

static bool has_notice(const seen *seen, const char *name) {
    if (strcmp(name, "attempt") == 0) return seen->notices[TIDEWIRE_KIND_ATTEMPT];
    if (strcmp(name, "stall") == 0) return seen->notices[TIDEWIRE_KIND_STALL];
    if (strcmp(name, "comment") == 0) return seen->notices[TIDEWIRE_KIND_COMMENT];
    if (strcmp(name, "too_large") == 0) return seen->too_large;
    return false;
}

static char *copy(tidewire_text text) {
    char *copied = calloc(text.length + 1, 1);
    if (copied == NULL) abort();
    if (text.length > 0) memcpy(copied, text.bytes, text.length);
    return copied;
}

static void check(const char *row, slice expect, const seen *seen, const tidewire_end *end, tidewire_stream *stream) {
    slice quoted, want, item;
    while (json_next_member(&expect, &quoted, &want)) {
        char *key = json_string(quoted), *text = json_string(want), have[64] = "something else";
        bool holds = false;
        if (strcmp(key, "code") == 0) {
            snprintf(have, sizeof have, "%s", tidewire_code_name(end->code));
            holds = strcmp(have, text) == 0;
        } else if (strcmp(key, "records") == 0) {
            snprintf(have, sizeof have, "%ld", seen->records);
            holds = json_is(want, have);
        } else if (strcmp(key, "ids") == 0) {
            holds = json_is(want, seen->ids ? "true" : "false");
        } else if (strcmp(key, "text_begins") == 0) {
            holds = seen->text != NULL && strncmp(seen->text, text, strlen(text)) == 0;
        } else if (strcmp(key, "attempts") == 0) {
            snprintf(have, sizeof have, "%u", (unsigned)end->stats.attempts);
            holds = json_is(want, have);
        } else if (strcmp(key, "status") == 0) {
            snprintf(have, sizeof have, "%u", (unsigned)end->status);
            holds = json_is(want, have);
        } else if (strcmp(key, "timeout") == 0) {
            snprintf(have, sizeof have, "%.*s", (int)end->timeout.length, end->timeout.bytes == NULL ? "" : end->timeout.bytes);
            holds = strcmp(have, text) == 0;
        } else if (strcmp(key, "limit") == 0) {
            snprintf(have, sizeof have, "%ld", (long)end->limit);
            holds = json_is(want, have);
        } else if (strcmp(key, "message") == 0) {
            char *message = copy(end->message);
            holds = strstr(message, text) != NULL;
            if (!holds) fprintf(stderr, "%s\n", message);
            free(message);
        } else if (strcmp(key, "notices") == 0) {
            slice rest = want;
            holds = true;
            while (json_next_item(&rest, &item)) {
                char *name = json_string(item);
                holds = holds && has_notice(seen, name);
                free(name);
            }
        } else if (strcmp(key, "finish") == 0) {
            tidewire_string message;
            if (tidewire_message(stream, &message) == TIDEWIRE_OK) {
                slice whole = {message.bytes, message.length};
                char *finish = json_string(json_member(whole, "finish"));
                holds = finish != NULL && strcmp(finish, text) == 0;
                free(finish);
            }
            tidewire_string_free(&message);
        } else {
            snprintf(have, sizeof have, "no expectation that this program knows");
        }
        if (!holds) fail(row, key, have, want);
        free(key);
        free(text);
    }
}

static int kind_of(const char *name) {
    if (strcmp(name, "events") == 0) return TIDEWIRE_EVENTS;
    if (strcmp(name, "records") == 0) return TIDEWIRE_RECORDS;
    if (strcmp(name, "text") == 0) return TIDEWIRE_TEXT;
    if (strcmp(name, "reply") == 0) return TIDEWIRE_REPLY;
    if (strcmp(name, "frames") == 0) return TIDEWIRE_FRAMES;
    return -1;
}

/* The settings of the row with its URL. The caller frees it. */
static char *options(slice row, const char *run) {
    slice settings = json_member(row, "settings");
    char *path = json_string(json_member(row, "path")), *key = strstr(path, "{key}");
    bool is_empty = memchr(settings.at, '"', settings.length) == NULL;
    size_t room = strlen(path) + settings.length + strlen(run) + 32;
    char *made = malloc(room);
    if (made == NULL) abort();
    int before = key == NULL ? (int)strlen(path) : (int)(key - path);
    snprintf(made, room, "{\"url\":\"%.*s%s%s\"%s%.*s", before, path, key == NULL ? "" : run, key == NULL ? "" : key + 5,
             is_empty ? "" : ",", (int)settings.length - 1, settings.at + 1);
    free(path);
    return made;
}

static void run(tidewire_client *client, slice row, int number, int try) {
    char *name = json_string(json_member(row, "name")), *kind = json_string(json_member(row, "kind")), key[64];
    snprintf(key, sizeof key, "c-%d-%d", number, try);
    char *made = options(row, key);
    tidewire_stream *stream;
    tidewire_error error;
    tidewire_event event;
    tidewire_status status = TIDEWIRE_ERROR;
    seen seen = {0, true, NULL, 0, {false}, false};
    if (tidewire_open(client, kind_of(kind), made, NULL, &stream, &error) == TIDEWIRE_OK) {
        while ((status = tidewire_next(stream, 30000, &event, &error)) == TIDEWIRE_EVENT) note(&seen, &event);
    }
    if (status == TIDEWIRE_END) {
        check(name, json_member(row, "expect"), &seen, &event.end, stream);
    } else {
        fprintf(stderr, "%s: status %d, %s\n", name, (int)status, status == TIDEWIRE_ERROR ? error.message : "no end");
        wrong++;
    }
    tidewire_stream_free(stream);
    free(seen.text);
    free(made);
    free(name);
    free(kind);
}

/* The options of a client, with a PEM file as a JSON string. The caller frees them. */
static char *client_options(const char *url, const char *ca_file) {
    char *pem = ca_file == NULL ? calloc(1, 1) : read_file(ca_file);
    char *made = malloc(2 * strlen(pem) + strlen(url) + 64), *to = made;
    if (pem == NULL || made == NULL) abort();
    to += sprintf(to, "{\"baseUrl\":\"%s\"", url);
    if (ca_file != NULL) {
        to += sprintf(to, ",\"caCertificates\":\"");
        for (const char *at = pem; *at != 0; at++) {
            if (*at == '\n') {
                *to++ = '\\';
                *to++ = 'n';
            } else {
                *to++ = *at;
            }
        }
        *to++ = '"';
    }
    *to++ = '}';
    *to = 0;
    free(pem);
    return made;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    char *text = read_file(argv[1]), *made = client_options(argv[2], argc > 3 ? argv[3] : NULL);
    slice whole = {text, strlen(text)}, rows = json_member(whole, "rows"), row;
    tidewire_client *client;
    tidewire_error error;
    if (tidewire_client_new(made, &client, &error) != TIDEWIRE_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    int count = 0;
    while (json_next_item(&rows, &row)) {
        /* The limits of the list are fractions of a second, so a busy machine gets a second and a third chance. */
        for (int try = 0, before = wrong; try < 3; try++) {
            wrong = before;
            run(client, row, count, try);
            if (wrong == before) break;
        }
        count++;
    }
    tidewire_client_free(client);
    tidewire_shutdown();
    free(text);
    free(made);
    printf("%d rows over %s, %d expectations that do not hold\n", count, argv[2], wrong);
    return count == 0 || wrong > 0;
}
