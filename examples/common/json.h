/* SPDX-License-Identifier: MIT */
/* JSON results: documents that start with "schema": 1, and values that can always be written. */
#ifndef EXAMPLES_JSON_H
#define EXAMPLES_JSON_H

#include <jansson.h>

/** A new object {"schema": 1}. Ends the program when memory is out, as all of these do. */
json_t *json_document(void);
/** A string; bytes that are not UTF-8 become U+FFFD. NULL becomes null. */
json_t *json_text(const char *text);
/** A number; null when it is not finite. */
json_t *json_number(double value);
/** Add @p value, whose reference is taken, to an object or an array. */
void json_put(json_t *object, const char *key, json_t *value);
void json_add(json_t *array, json_t *value);
/** Print as one line on standard output and release. */
void json_print(json_t *document);
/** The text of a document as a file holds it: indented, with a final newline; free() it. Releases
 * the document. */
char *json_file_text(json_t *document);

#endif /* EXAMPLES_JSON_H */
