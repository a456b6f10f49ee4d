/* document.h - docs/formats/api/openapi.json, as the build put it into the program. */
#ifndef CONTROL_DOCUMENT_H
#define CONTROL_DOCUMENT_H

#include <stddef.h>

extern const unsigned char document[];
extern const size_t document_size;

#endif
