/*
 * letters.h - what strings a publication may carry, asked when it is made and when it is read.
 */
#ifndef SAMPAN_MANIFEST_LETTERS_H
#define SAMPAN_MANIFEST_LETTERS_H

#include <stddef.h>
#include <stdint.h>

/* Is it UTF-8 without control characters (C0, DEL, C1)? newlines: LF and tab are allowed. */
int spn_letters_text(const uint8_t *bytes, size_t size, int newlines);
/* A language tag: letters, digits and hyphens, 1 to 35. */
int spn_letters_language(const char *string);
/* An RFC 6381 string: letters, digits and full stops, up to 63. */
int spn_letters_codecs(const char *string);
/* A rendition's id: a small letter and a number of 1 to 3 digits without leading zeros. */
int spn_letters_rendition(const char *string, size_t length);

#endif
