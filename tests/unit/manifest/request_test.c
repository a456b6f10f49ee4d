/* request_test.c - only the exact spellings are paths of ours. */
#include "rows.h"

#include "invent.h"
#include "sampan/answer.h"

#define BASE "/v/" INVENT_ID "/"

static const struct row {
    const char *name;
    const char *path;
    int resource; /* 0: SPN_ENOENT */
    const char *rendition;
    uint32_t number;
} rows[] = {
    { "the multivariant playlist", BASE "main.m3u8", SPN_MULTIVARIANT, "", 0 },
    { "the MPD", BASE "main.mpd", SPN_MPD, "", 0 },
    { "a media playlist", BASE "v0/media.m3u8", SPN_MEDIA_PLAYLIST, "v0", 0 },
    { "an I-frame playlist", BASE "v12/iframe.m3u8", SPN_IFRAME_PLAYLIST, "v12", 0 },
    { "an initialization segment", BASE "a127/init.mp4", SPN_INIT, "a127", 0 },
    { "a segment", BASE "v0/1.m4s", SPN_SEGMENT, "v0", 1 },
    { "the last number there is", BASE "v0/4294967295.m4s", SPN_SEGMENT, "v0", 4294967295u },
    { "an I-frame segment", BASE "v0/i23.m4s", SPN_IFRAME_SEGMENT, "v0", 23 },
    { "a text segment", BASE "t0/7.vtt", SPN_TEXT_SEGMENT, "t0", 7 },
    { "all text", BASE "t0/all.vtt", SPN_TEXT_WHOLE, "t0", 0 },
    { "the image playlist", BASE "images.m3u8", SPN_IMAGE_PLAYLIST, "", 0 },
    { "a sheet", BASE "sheet/10.jpg", SPN_SHEET, "", 10 },
    { "the storyboard", BASE "storyboard.vtt", SPN_STORYBOARD, "", 0 },
    { "the chapters", BASE "chapters.vtt", SPN_CHAPTERS, "", 0 },

    { "nothing at all", "", 0, "", 0 },
    { "only a slash", "/", 0, "", 0 },
    { "only the folder", "/v/", 0, "", 0 },
    { "a publication without a resource", "/v/" INVENT_ID, 0, "", 0 },
    { "a publication and a slash", BASE, 0, "", 0 },
    { "another folder", "/w/" INVENT_ID "/main.m3u8", 0, "", 0 },
    { "no slash at the start", "v/" INVENT_ID "/main.m3u8", 0, "", 0 },
    { "two slashes", "/v//" INVENT_ID "/main.m3u8", 0, "", 0 },
    { "two slashes later", BASE "/main.m3u8", 0, "", 0 },
    { "an id of another kind", "/v/title_01hzy3v7q2kqj8w5r9c4t6m0ab/main.m3u8", 0, "", 0 },
    { "an id with a capital", "/v/publication_01HZY3v7q2kqj8w5r9c4t6m0ab/main.m3u8", 0, "", 0 },
    { "an id that is too short", "/v/publication_01hzy3v7q2kqj8w5r9c4t6m0a/main.m3u8", 0, "", 0 },
    { "an id with a letter that is none of the 32",
      "/v/publication_01hzy3v7q2kqj8w5r9c4t6m0al/main.m3u8", 0, "", 0 },
    { "a path that climbs", "/v/../v/" INVENT_ID "/main.m3u8", 0, "", 0 },
    { "a rendition that climbs", BASE "../main.m3u8", 0, "", 0 },
    { "an escape", BASE "main%2Em3u8", 0, "", 0 },
    { "a query", BASE "main.m3u8?x", 0, "", 0 },
    { "more after the name", BASE "main.m3u8x", 0, "", 0 },
    { "less of the name", BASE "main.m3u", 0, "", 0 },
    { "a segment 0", BASE "v0/0.m4s", 0, "", 0 },
    { "a leading zero", BASE "v0/01.m4s", 0, "", 0 },
    { "a sign", BASE "v0/+1.m4s", 0, "", 0 },
    { "a number that does not fit", BASE "v0/4294967296.m4s", 0, "", 0 },
    { "a number of 30 digits", BASE "v0/100000000000000000000000000000.m4s", 0, "", 0 },
    { "a segment without a number", BASE "v0/.m4s", 0, "", 0 },
    { "an I-frame without a number", BASE "v0/i.m4s", 0, "", 0 },
    { "an I-frame of text", BASE "t0/i1.vtt", 0, "", 0 },
    { "a rendition without a number", BASE "v/1.m4s", 0, "", 0 },
    { "a rendition of four digits", BASE "v1000/1.m4s", 0, "", 0 },
    { "a rendition with a leading zero", BASE "v00/1.m4s", 0, "", 0 },
    { "a rendition with a capital", BASE "V0/1.m4s", 0, "", 0 },
    { "a folder in a rendition", BASE "v0/x/1.m4s", 0, "", 0 },
    { "a sheet without a number", BASE "sheet/.jpg", 0, "", 0 },
    { "a sheet of another kind", BASE "sheet/1.png", 0, "", 0 },
};

static void parse(void **state)
{
    const struct row *row = *state;
    struct spn_request request;
    struct spn_error err;
    size_t length = strlen(row->path);
    char *exact = malloc(length + 1); /* not terminated: a byte too far is a fault */
    int ret;

    memcpy(exact, row->path, length);
    exact = realloc(exact, length ? length : 1);
    ret = spn_request_parse(exact, length, &request, &err);
    free(exact);
    if (!row->resource) {
        assert_int_equal(ret, SPN_ENOENT);
        assert_int_equal(err.code, SPN_ENOENT);
        return;
    }
    assert_int_equal(ret, SPN_OK);
    assert_int_equal(request.resource, row->resource);
    assert_string_equal(request.publication, INVENT_ID);
    assert_string_equal(request.rendition, row->rendition);
    assert_int_equal(request.number, row->number);
}

int main(void)
{
    static struct rows tests;

    rows_add_table(&tests, rows, parse);
    return rows_run(&tests, "request");
}
