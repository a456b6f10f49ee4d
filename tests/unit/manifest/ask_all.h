/*
 * ask_all.h - ask a publication for everything it has, and hold each answer against its promises.
 */
#ifndef SAMPAN_TESTS_ASK_ALL_H
#define SAMPAN_TESTS_ASK_ALL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Open the size bytes as a publication; where they are one, make every manifest and, of each
 * rendition, the first, last and some segments between, reading every byte of memory in them. A
 * part outside of its file, an empty one or a wrong sum aborts. Returns what opening returned,
 * negative when refused; *answers counts what was answered.
 */
int ask_all(const uint8_t *bytes, size_t size, size_t *answers);

/* Put the right hash into the header, so that what stands behind it is looked at. size >= 56. */
void ask_all_rehash(uint8_t *bytes, size_t size);

#endif
