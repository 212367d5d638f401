/* A small reader of JSON, as far as the lists of cases need it: it finds values and leaves them as they are written. */
#ifndef TESTS_JSON_H
#define TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a JSON text. */
typedef struct slice {
    const char *at; /* NULL if there is none */
    size_t length;
} slice;

/* The value of a member of an object. */
slice json_member(slice object, const char *name);
/* Takes the next member of an object, or the next item of an array, from its rest; the rest begins as the whole value. */
bool json_next_member(slice *rest, slice *name, slice *value);
bool json_next_item(slice *rest, slice *item);
/* The text of a string, which the caller frees; NULL if it is no string. */
char *json_string(slice value);
bool json_is(slice value, const char *text);
long json_number(slice value);

/* A whole file, which the caller frees. The program ends if it cannot be read. */
char *read_file(const char *path);

#endif
