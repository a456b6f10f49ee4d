#!/bin/sh
# embed.sh FILE OUT.c: the bytes of FILE as the array `document`
set -eu
{
    printf '#include "http/document.h"\n\nconst unsigned char document[] = {\n'
    od -An -v -tu1 "$1" | sed 's/  */, /g; s/^, //; s/$/,/'
    printf '};\nconst size_t document_size = sizeof(document);\n'
} >"$2"
