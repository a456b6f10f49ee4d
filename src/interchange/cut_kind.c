/* cut_kind.c - which kind of list some bytes are, or what they are instead. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_list.h"
#include "cut_xml.h"

/* ---- UTF-16, which a byte order mark announces ---- */

static unsigned unit_at(const unsigned char *p, int big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static size_t utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* *out is allocated. An XML declaration would name the encoding it had: it becomes blanks. */
static int utf16_read(const unsigned char *p, size_t size, int big, const char *name, char **out,
                      size_t *length, struct spn_error *err)
{
    size_t at = 0, line = 1;
    char *end;

    *length = 0;
    if (!(*out = malloc(size / 2 * 3 + 4)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list %s", name);
    while (at + 1 < size) {
        uint32_t c = unit_at(p + at, big);

        at += 2;
        if (c >= 0xD800 && c < 0xDC00 && at + 1 < size) {
            uint32_t low = unit_at(p + at, big);

            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        if ((c >= 0xD800 && c < 0xE000) || c == 0 || at + 1 == size) {
            free(*out);
            *out = NULL;
            return spn_error_set(err, SPN_EFORMAT,
                                 "line %zu of %s is not the UTF-16 that it begins with; save the "
                                 "list as UTF-8",
                                 line, name);
        }
        line += c == '\n';
        *length += utf8_put(*out + *length, c);
    }
    if (*length > 5 && memcmp(*out, "<?xml", 5) == 0 && (end = memchr(*out, '>', *length)))
        memset(*out, ' ', (size_t)(end + 1 - *out));
    return SPN_OK;
}

/* ---- what is no list ---- */

static int not_text(const char *text, size_t size, const char *name, struct spn_error *err)
{
    static const struct {
        const char *magic;
        size_t size, at;
        const char *what;
    } kinds[] = {
        { "\x06\x0E\x2B\x34", 4, 0, "an MXF file: give the list that refers to it" },
        { "\xD0\xCF\x11\xE0", 4, 0,
          "an AAF, which is not read: export OpenTimelineIO, an EDL or FCPXML" },
        { "PK\x03\x04", 4, 0, "a zip file: give the list that is in it" },
        { "ftyp", 4, 4, "a film: bring it in with `sampan ingest`" },
        { "moov", 4, 4, "a film: bring it in with `sampan ingest`" },
        { "\x1A\x45\xDF\xA3", 4, 0, "a film: bring it in with `sampan ingest`" },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (size >= kinds[i].at + kinds[i].size &&
            memcmp(text + kinds[i].at, kinds[i].magic, kinds[i].size) == 0)
            return spn_error_set(err, SPN_EUNSUPPORTED, "%s is no list but %s", name,
                                 kinds[i].what);
    return spn_error_set(err, SPN_EFORMAT, "%s is no list: it has bytes of zero in it", name);
}

static int not_this_xml(const char *root, const char *name, struct spn_error *err)
{
    static const struct {
        const char *root, *what;
    } kinds[] = {
        { "AssetMap", "an IMF asset map: give a composition playlist (CPL) of its package" },
        { "PackingList", "an IMF packing list: give a composition playlist (CPL) of its package" },
        { "VolumeIndex", "an IMF volume index: give a composition playlist (CPL) of its package" },
        { "OutputProfileList", "an IMF output profile list: give the composition playlist (CPL)" },
        { "xmeml",
          "Final Cut Pro 7 XML, which is not read: export OpenTimelineIO, an EDL or FCPXML" },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(root, kinds[i].root) == 0)
            return spn_error_set(err, SPN_EUNSUPPORTED, "%s is %s", name, kinds[i].what);
    return spn_error_set(err, SPN_EUNSUPPORTED,
                         "%s is XML, but neither an IMF composition playlist nor FCPXML: its top "
                         "is %.60s",
                         name, root);
}

/* ---- the kinds ---- */

static int text_read(const char *text, size_t size, const char *name, struct cut_list *list,
                     struct cut_report *report, struct spn_error *err)
{
    const char *p = text, *end = text + size;
    char root[64];

    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    if (p == end)
        return spn_error_set(err, SPN_EFORMAT, "%s is empty", name);
    if (memchr(text, '\0', size))
        return not_text(text, size, name, err);
    if (*p == '{' || *p == '[') {
        list->format = "otio";
        return otio_read(text, size, list, report, err);
    }
    if (*p != '<') {
        list->format = "cmx3600";
        return edl_read(text, size, list, report, err);
    }
    if (cut_xml_root(p, (size_t)(end - p), root) && strcmp(root, "fcpxml") != 0 &&
        strcmp(root, "CompositionPlaylist") != 0)
        return not_this_xml(root, name, err);
    if (strcmp(root, "CompositionPlaylist") == 0) {
        list->format = "cpl";
        return cpl_read(text, size, list, report, err);
    }
    list->format = "fcpxml";
    return fcpxml_read(text, size, list, report, err);
}

int cut_list_read(const void *bytes, size_t size, const char *name, struct cut_list **out,
                  struct cut_report *report, struct spn_error *err)
{
    const char *text = bytes;
    struct cut_list *list;
    char *owned = NULL;
    int ret = SPN_OK;

    *out = NULL;
    if (size > CUT_LIST_SIZE_MAX)
        return spn_error_set(err, SPN_ELIMIT, "%s is larger than %u MiB", name,
                             CUT_LIST_SIZE_MAX >> 20);
    list = calloc(1, sizeof(*list));
    if (!list)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list %s", name);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        size -= 3;
    } else if (size >= 2 &&
               (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)) {
        ret = utf16_read((const unsigned char *)text + 2, size - 2, text[0] == '\xFE', name, &owned,
                         &size, err);
        text = owned;
    }
    if (ret == SPN_OK)
        ret = text_read(text, size, name, list, report, err);
    free(owned);
    if (ret == SPN_OK && report->failed)
        ret = spn_error_set(err, SPN_ENOMEM, "no memory for the list %s", name);
    if (ret == SPN_OK && list->count == 0 && report->faults == 0)
        cut_fault(report, 0, "the list has no picture in it");
    if (ret < 0) {
        cut_list_free(list);
        return ret;
    }
    *out = list;
    return SPN_OK;
}
