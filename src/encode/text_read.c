/* text_read.c - which kind of subtitles bytes are, by what is in them. */
#include <string.h>
#include <strings.h>

#include "text_markup.h"

static int begins(const struct text_source *source, const char *word)
{
    size_t size = strlen(word);

    return source->size >= size && strncasecmp(source->text, word, size) == 0;
}

static int has(const struct text_source *source, const char *word)
{
    return memmem(source->text, source->size < 65536 ? source->size : 65536, word, strlen(word)) !=
           NULL;
}

static int ends(const char *name, const char *suffix)
{
    size_t size = strlen(name), length = strlen(suffix);

    return size >= length && strcasecmp(name + size - length, suffix) == 0;
}

static int unsupported(const char *name, const char *kind, struct spn_error *err)
{
    return spn_error_set(err, SPN_EUNSUPPORTED,
                         "%s is %s; deliver it as SubRip, ASS, WebVTT or TTML", name, kind);
}

int text_read(const void *bytes, size_t size, const char *name, struct cues *out,
              struct text_notes *notes, struct spn_error *err)
{
    struct spn_buffer decoded = { 0 };
    struct text_source source = { .name = name, .notes = notes };
    int ret;

    if (size >= 11 && memcmp((const char *)bytes + 3, "STL", 3) == 0 &&
        memcmp((const char *)bytes + 8, ".01", 3) == 0)
        return unsupported(name, "an EBU STL file", err);
    if ((ret = text_decode(bytes, size, name, &decoded, notes, err)) < 0)
        goto done;
    source.text = decoded.data ? (const char *)decoded.data : "";
    source.size = decoded.size;
    /* A signature is the first thing in a file; white space before the others does no harm. */
    if (begins(&source, "WEBVTT") || ends(name, ".vtt")) {
        ret = vtt_read(&source, out, err);
        goto done;
    }
    while (source.size && strchr(" \t\r\n", *source.text) && *source.text) {
        source.text++;
        source.size--;
    }
    if (begins(&source, "<SAMI") || has(&source, "<SYNC"))
        ret = unsupported(name, "a SAMI file", err);
    else if (begins(&source, "<"))
        ret = ttml_read(&source, out, err);
    else if (begins(&source, "[Script Info]") || has(&source, "[Events]"))
        ret = ass_read(&source, out, err);
    else if (begins(&source, "Scenarist_SCC"))
        ret = unsupported(name, "a Scenarist caption file", err);
    else if (begins(&source, "{") && has(&source, "}{"))
        ret = unsupported(name, "a MicroDVD file", err);
    else if (source.size == 0)
        ret = spn_error_set(err, SPN_EFORMAT, "%s is empty", name);
    else {
        /* line numbers are those of the whole file */
        source.text = (const char *)decoded.data;
        source.size = decoded.size;
        ret = srt_read(&source, out, err);
    }

done:
    spn_buffer_finish(&decoded);
    return ret;
}
