/* text_print.c - text_print NAME < BYTES: the canonical WebVTT on standard output, notes and the
 * sentence of a refusal on standard error, as the suite over real material asks for it. */
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

int main(int argc, char **argv)
{
    struct cues cues = { 0 };
    struct text_notes notes = { .count = 0 };
    struct spn_buffer in = { 0 }, out = { 0 };
    struct spn_error err = { 0 };
    size_t got;
    int ret;

    if (argc != 2)
        return 2;
    do {
        uint8_t *room = spn_buffer_reserve(&in, 65536);

        if (!room)
            return 2;
        got = fread(room, 1, 65536, stdin);
        in.size += got;
    } while (got);
    ret = text_read(in.data, in.size, argv[1], &cues, &notes, &err);
    if (ret == SPN_OK)
        ret = cues_write_vtt(&cues, &notes, &out, &err);
    for (size_t i = 0; i < notes.count; i++)
        (void)fprintf(stderr, "note: %s\n", notes.note[i]);
    if (ret < 0)
        (void)fprintf(stderr, "%s: %s\n", spn_code_name(ret), err.text);
    else
        (void)fwrite(out.data, 1, out.size, stdout);
    cues_finish(&cues);
    spn_buffer_finish(&in);
    spn_buffer_finish(&out);
    return ret < 0;
}
