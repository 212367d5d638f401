#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* The end of the string that begins at `at`. */
static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') at++;
    }
    return at < end ? at + 1 : end;
}

/* The end of the value that begins at `at`. */
static const char *skip_value(const char *at, const char *end) {
    int depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            if (depth == 0) return at;
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') {
            if (depth == 0) return at;
            if (--depth == 0) return at + 1;
        }
        if (depth == 0 && *at == ',') return at;
        at++;
    }
    return end;
}

static slice of(const char *from, const char *to) {
    while (to > from && skip_space(to - 1, to) == to) to--;
    slice whole = {from, (size_t)(to - from)};
    return whole;
}

/* Steps over the bracket or the comma before the next part; false at the end. */
static bool step(slice *rest, const char **at, const char **end) {
    if (rest->at == NULL) return false;
    *end = rest->at + rest->length;
    *at = skip_space(rest->at, *end);
    if (*at == *end || *(*at) == ']' || *(*at) == '}') return false;
    *at = skip_space(*at + 1, *end);
    return *at < *end && *(*at) != ']' && *(*at) != '}';
}

bool json_next_member(slice *rest, slice *name, slice *value) {
    const char *at, *end;
    if (!step(rest, &at, &end) || *at != '"') return false;
    const char *after = skip_string(at, end);
    *name = of(at, after);
    at = skip_space(after, end);
    at = skip_space(at + 1, end);
    after = skip_value(at, end);
    *value = of(at, after);
    rest->length = (size_t)(end - after);
    rest->at = after;
    return true;
}

bool json_next_item(slice *rest, slice *item) {
    const char *at, *end;
    if (!step(rest, &at, &end)) return false;
    const char *after = skip_value(at, end);
    *item = of(at, after);
    rest->length = (size_t)(end - after);
    rest->at = after;
    return true;
}

slice json_member(slice object, const char *name) {
    slice found, value, none = {NULL, 0};
    while (json_next_member(&object, &found, &value)) {
        if (found.length == strlen(name) + 2 && memcmp(found.at + 1, name, strlen(name)) == 0) return value;
    }
    return none;
}

static unsigned hex4(const char *at) {
    char digits[5] = {at[0], at[1], at[2], at[3], 0};
    return (unsigned)strtoul(digits, NULL, 16);
}

static char *put_utf8(char *to, unsigned c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

char *json_string(slice value) {
    if (value.at == NULL || value.length < 2 || value.at[0] != '"') return NULL;
    const char *at = value.at + 1, *end = value.at + value.length - 1;
    char *text = malloc(value.length), *to = text;
    if (text == NULL) abort();
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        switch (*at++) {
            case 'b': *to++ = '\b'; break;
            case 'f': *to++ = '\f'; break;
            case 'n': *to++ = '\n'; break;
            case 'r': *to++ = '\r'; break;
            case 't': *to++ = '\t'; break;
            case 'u': {
                unsigned c = hex4(at);
                at += 4;
                if (c >= 0xd800 && c < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
                    c = 0x10000 + ((c - 0xd800) << 10) + (hex4(at + 2) - 0xdc00);
                    at += 6;
                }
                to = put_utf8(to, c);
                break;
            }
            default: *to++ = at[-1];
        }
    }
    *to = 0;
    return text;
}

bool json_is(slice value, const char *text) {
    return value.at != NULL && value.length == strlen(text) && memcmp(value.at, text, value.length) == 0;
}

long json_number(slice value) {
    return value.at == NULL ? -1 : strtol(value.at, NULL, 10);
}

char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t length = 0, room = 0, read = 0;
    do {
        length += read;
        if (length + 1 >= room) {
            room = 2 * room + 65536;
            text = realloc(text, room);
            if (text == NULL) abort();
        }
    } while (file != NULL && (read = fread(text + length, 1, room - length - 1, file)) > 0);
    if (file == NULL || ferror(file)) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    text[length] = 0;
    return text;
}
