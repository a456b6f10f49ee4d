/*
 * text_encoding.c - bytes of any encoding as UTF-8.
 *
 * A byte order mark decides; then zero bytes (UTF-16 without a mark), what an XML declaration says,
 * and whether it is UTF-8; the rest is uchardet's guess, which must convert without one wrong byte.
 * ICU converts, since its tables are part of the library: a confined process opens no file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uchardet.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "text_markup.h"

static int utf8_valid(const uint8_t *p, size_t size)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = 0;

    u_strFromUTF8(NULL, 0, &length, (const char *)p, (int32_t)size, &status);
    return status == U_ZERO_ERROR || status == U_BUFFER_OVERFLOW_ERROR ||
           status == U_STRING_NOT_TERMINATED_WARNING;
}

/* Convert all of it or nothing. 0 when every byte was good. */
static int convert(const char *encoding, const uint8_t *bytes, size_t size, struct spn_buffer *out)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(encoding, &status);
    size_t most = 2 * size + 16;
    UChar *wide = NULL;
    int32_t count, length = 0;
    uint8_t *room;
    int ret = -1;

    if (U_FAILURE(status))
        return -1;
    ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    wide = malloc(most * sizeof(*wide));
    if (!wide)
        goto done;
    count =
        ucnv_toUChars(converter, wide, (int32_t)most, (const char *)bytes, (int32_t)size, &status);
    if (U_FAILURE(status))
        goto done;
    room = spn_buffer_reserve(out, (size_t)count * 3 + 1);
    if (!room)
        goto done;
    u_strToUTF8((char *)room, count * 3 + 1, &length, wide, count, &status);
    if (U_FAILURE(status))
        goto done;
    out->size += (size_t)length;
    ret = 0;

done:
    free(wide);
    ucnv_close(converter);
    return ret;
}

/* UTF-16 without a mark: text of any language has spaces and line ends, whose other byte is zero.
 */
static const char *utf16_unmarked(const uint8_t *p, size_t size)
{
    size_t looked = size < 4096 ? size & ~(size_t)1 : 4096, zero[2] = { 0, 0 };

    for (size_t i = 0; i < looked; i++)
        zero[i & 1] += p[i] == 0;
    if (size % 2 || looked < 8)
        return NULL;
    if (zero[1] > looked / 32 && zero[1] > 8 * zero[0])
        return "UTF-16LE";
    if (zero[0] > looked / 32 && zero[0] > 8 * zero[1])
        return "UTF-16BE";
    return NULL;
}

/* encoding="…" of an XML declaration. */
static int xml_declared(const uint8_t *p, size_t size, char out[40])
{
    char head[201];
    const char *at, *end;
    size_t length = size < 200 ? size : 200;

    if (length == 0)
        return 0;
    memcpy(head, p, length);
    head[length] = '\0';
    end = strstr(head, "?>");
    at = strncmp(head, "<?xml ", 6) == 0 ? strstr(head, "encoding") : NULL;
    if (!end || !at || at > end)
        return 0;
    length = 0;
    for (at += 8; at < end && (*at == ' ' || *at == '='); at++)
        ;
    if (at == end || (*at != '"' && *at != '\''))
        return 0;
    for (at++; at < end && *at != '"' && *at != '\'' && length < 39; at++)
        out[length++] = *at;
    out[length] = '\0';
    return length > 0;
}

/* What a name in the wild stands for: the larger set of the same family. */
static const char *widest(const char *encoding)
{
    static const struct {
        const char *name, *wide;
    } names[] = {
        { "GB2312", "GB18030" },          { "GBK", "GB18030" },     { "GB18030", "GB18030" },
        { "x-gbk", "GB18030" },           { "CP936", "GB18030" },   { "EUC-CN", "GB18030" },
        { "BIG5", "Big5-HKSCS" },         { "Big5", "Big5-HKSCS" }, { "ASCII", "windows-1252" },
        { "ISO-8859-1", "windows-1252" },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(names[i].name, encoding) == 0)
            return names[i].wide;
    return encoding;
}

static int guess(const uint8_t *bytes, size_t size, char out[40])
{
    uchardet_t detector = uchardet_new();
    int found = 0;

    if (!detector)
        return 0;
    if (uchardet_handle_data(detector, (const char *)bytes, size) == 0) {
        uchardet_data_end(detector);
        (void)snprintf(out, 40, "%s", uchardet_get_charset(detector));
        found = out[0] != '\0';
    }
    uchardet_delete(detector);
    return found;
}

/* Is what came out text? A wrong guess makes control characters and unassigned ones. */
static int plausible(const struct spn_buffer *out, size_t from)
{
    for (size_t i = from; i < out->size; i++) {
        uint8_t c = out->data[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x1A && c != 0x0C) ||
            (c == 0xC2 && i + 1 < out->size && out->data[i + 1] < 0xA0 && out->data[i + 1] != 0x85))
            return 0;
    }
    return 1;
}

int text_decode(const uint8_t *bytes, size_t size, const char *name, struct spn_buffer *out,
                struct text_notes *notes, struct spn_error *err)
{
    static const char *const last[] = { "GB18030", "Big5-HKSCS" };
    size_t before = out->size, skip = 0;
    const char *encoding = NULL;
    char said[40];

    if (size > TEXT_BYTES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s has %zu bytes, more than %u are no subtitles",
                             name, size, TEXT_BYTES_MAX);
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        encoding = "UTF-8";
        skip = 3;
    } else if (size >= 4 && memcmp(bytes, "\xFF\xFE\0\0", 4) == 0) {
        encoding = "UTF-32LE";
        skip = 4;
    } else if (size >= 2 && memcmp(bytes, "\xFF\xFE", 2) == 0) {
        encoding = "UTF-16LE";
        skip = 2;
    } else if (size >= 2 && memcmp(bytes, "\xFE\xFF", 2) == 0) {
        encoding = "UTF-16BE";
        skip = 2;
    } else {
        encoding = utf16_unmarked(bytes, size);
    }
    bytes += skip;
    size -= skip;
    if (!encoding && !utf8_valid(bytes, size)) {
        if (xml_declared(bytes, size, said) && strcasecmp(said, "UTF-8") != 0 &&
            convert(widest(said), bytes, size, out) == 0) {
            text_note(notes, "was %s", widest(said));
            return SPN_OK;
        }
        out->size = before;
        if (guess(bytes, size, said) && convert(widest(said), bytes, size, out) == 0 &&
            plausible(out, before)) {
            text_note(notes, "was %s", widest(said));
            return SPN_OK;
        }
        for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
            out->size = before;
            if (convert(last[i], bytes, size, out) == 0 && plausible(out, before)) {
                text_note(notes, "was taken for %s", last[i]);
                return SPN_OK;
            }
        }
        out->size = before;
        return spn_error_set(err, spn_buffer_failed(out) ? SPN_ENOMEM : SPN_EFORMAT,
                             "the encoding of %s cannot be told; save it as UTF-8", name);
    }
    if (!encoding || strcmp(encoding, "UTF-8") == 0) {
        if (encoding && !utf8_valid(bytes, size))
            return spn_error_set(err, SPN_EFORMAT,
                                 "%s begins as UTF-8 and goes on as something else", name);
        spn_buffer_append(out, bytes, size);
    } else if (convert(encoding, bytes, size, out) < 0) {
        out->size = before;
        return spn_error_set(err, SPN_EFORMAT, "%s begins as %s and goes on as something else",
                             name, encoding);
    } else {
        text_note(notes, "was %s", encoding);
    }
    if (spn_buffer_failed(out))
        return spn_error_set(err, SPN_ENOMEM, "out of memory for %s", name);
    return SPN_OK;
}
