/* Prints the reply of a language model as it arrives.
 *
 * Usage: example URL [PROMPT]
 *
 * `tidewire serve` has such a reply at http://127.0.0.1:8787/llm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tidewire.h>

/* Writes a text as a JSON string. */
static void append_quoted(char *json, size_t room, const char *text) {
    size_t at = strlen(json);
    if (at + 6 * strlen(text) + 3 > room) return;
    json[at++] = '"';
    for (; *text != 0; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == '"' || c == '\\') {
            at += (size_t)sprintf(json + at, "\\u%04x", c);
        } else {
            json[at++] = (char)c;
        }
    }
    json[at++] = '"';
    json[at] = 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: example URL [PROMPT]\n");
        return 2;
    }
    char options[4096] = "{\"dialect\":\"auto\",\"url\":";
    append_quoted(options, sizeof options, argv[1]);
    strcat(options, ",\"json\":{\"stream\":true,\"prompt\":");
    append_quoted(options, sizeof options - 8, argc > 2 ? argv[2] : "why is there tide?");
    strcat(options, "}}");

    tidewire_stream *stream;
    tidewire_error error;
    if (tidewire_open(NULL, TIDEWIRE_REPLY, options, NULL, &stream, &error) != TIDEWIRE_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }

    tidewire_event event;
    tidewire_status status;
    while ((status = tidewire_next(stream, -1, &event, &error)) == TIDEWIRE_EVENT) {
        if (event.kind == TIDEWIRE_KIND_DELTA && event.delta.kind == TIDEWIRE_DELTA_TEXT) {
            fwrite(event.delta.text.bytes, 1, event.delta.text.length, stdout);
            fflush(stdout);
        } else if (event.kind == TIDEWIRE_KIND_ATTEMPT && event.number > 1) {
            fprintf(stderr, "attempt %d in %d ms\n", (int)event.number, (int)event.ms);
        }
    }
    putchar('\n');

    int failed = 1;
    if (status == TIDEWIRE_END) {
        failed = event.end.code != TIDEWIRE_CODE_COMPLETE && event.end.code != TIDEWIRE_CODE_ENDED;
        fprintf(stderr, "%s: %.*s\n", tidewire_code_name(event.end.code), (int)event.end.message.length, event.end.message.bytes);
    } else {
        fprintf(stderr, "%s\n", error.message);
    }
    tidewire_stream_free(stream);
    tidewire_shutdown();
    return failed;
}
