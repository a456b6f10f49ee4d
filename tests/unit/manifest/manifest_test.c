/* manifest_test.c - what playlists and MPDs say, taken apart again and compared with the plan. */
#include "rows.h"

#include <stdio.h>

#include "invent.h"
#include "sampan/answer.h"

/* One publication, opened, and the texts asked of it. */
struct show {
    struct invented invented;
    struct spn_buffer file;
    struct spn_publication *publication;
};

static void show_make(struct show *show, const struct invent *wish)
{
    struct spn_error err = { 0 };

    memset(show, 0, sizeof(*show));
    invent(wish, &show->invented);
    if (spn_publication_make(&show->invented.plan, &show->file, &err) < 0 ||
        spn_publication_open_memory(show->file.data, show->file.size, &show->publication, &err) < 0)
        fail_msg("%s", err.text);
}

static void show_finish(struct show *show)
{
    spn_publication_close(show->publication);
    spn_buffer_finish(&show->file);
    invented_finish(&show->invented);
}

/* The text of a resource; to be freed. */
static char *ask(const struct show *show, const char *resource)
{
    struct spn_request request;
    struct spn_answer answer = { 0 };
    char path[128];
    char *text;

    (void)snprintf(path, sizeof(path), "/v/" INVENT_ID "/%s", resource);
    assert_int_equal(spn_request_parse(path, strlen(path), &request, NULL), SPN_OK);
    assert_int_equal(spn_answer_make(show->publication, &request, &answer, NULL), SPN_OK);
    assert_int_equal(answer.part_count, 1);
    text = malloc(answer.size + 1);
    memcpy(text, answer.parts[0].bytes, answer.size);
    text[answer.size] = '\0';
    spn_answer_finish(&answer);
    return text;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    for (; (text = strstr(text, what)); text += strlen(what))
        count++;
    return count;
}

static int begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- durations, over rates and lengths ---- */

static const struct length_row {
    const char *name;
    struct invent wish;
} length_rows[] = {
    { "ten hours of 23.976", { .rate = { 24000, 1001 }, .frames = 863136, .seed = 1 } },
    { "ten hours of 25", { .rate = { 25, 1 }, .frames = 900001, .seed = 2 } },
    { "ten hours of 50", { .rate = { 50, 1 }, .frames = 1799999, .seed = 3 } },
    { "ten hours of 59.94", { .rate = { 60000, 1001 }, .frames = 2157842, .seed = 4 } },
    { "ten hours of 30", { .rate = { 30, 1 }, .frames = 1080000, .seed = 5 } },
    { "one frame of 25", { .rate = { 25, 1 }, .frames = 1, .seed = 6 } },
    { "one frame more than a GOP of 24", { .rate = { 24, 1 }, .frames = 49, .seed = 7 } },
    { "one-GOP segments of 25",
      { .rate = { 25, 1 }, .frames = 5003, .segment_gops = 1, .seed = 8 } },
    { "four-GOP segments of 48",
      { .rate = { 48, 1 }, .frames = 99999, .segment_gops = 4, .seed = 9 } },
};

static uint64_t plan_ticks(const struct spn_plan_rendition *rendition)
{
    uint64_t ticks = 0;

    for (size_t i = 0; i < rendition->fragment_count; i++)
        ticks += rendition->fragments[i].duration;
    return ticks;
}

/* The next line of *at, cut at its end; a sanitizer reads a string to its end at every look. */
static int line_next(char **at, char line[256])
{
    size_t size = 0;

    if (!**at)
        return 0;
    for (; **at && **at != '\n'; (*at)++)
        if (size < 255)
            line[size++] = **at;
    line[size] = '\0';
    *at += **at == '\n';
    return 1;
}

/* EXTINF of every entry, in order of number, whole, and none above the target. */
static void playlist(const struct show *show, const char *resource, const char *entry,
                     const struct spn_plan_rendition *timed, size_t entries)
{
    char *text = ask(show, resource), *at = text, line[256] = "", uri[32], *end;
    uint64_t us = 0, want = plan_ticks(timed), target = 0;
    size_t n = 0;

    assert_true(line_next(&at, line));
    assert_string_equal(line, "#EXTM3U");
    while (line_next(&at, line)) {
        uint64_t one;

        if (begins(line, "#EXT-X-TARGETDURATION:"))
            target = strtoull(line + 22, NULL, 10);
        if (!begins(line, "#EXTINF:"))
            continue;
        one = strtoull(line + 8, &end, 10) * 1000000;
        assert_int_equal(*end, '.');
        one += strtoull(end + 1, &end, 10);
        assert_string_equal(end, ",");
        assert_true(one > 0 && (2 * one + 1000000) / 2000000 <= target);
        us += one;
        (void)snprintf(uri, sizeof(uri), entry, (unsigned)++n);
        assert_true(line_next(&at, line));
        assert_string_equal(line, uri);
    }
    assert_string_equal(line, "#EXT-X-ENDLIST");
    assert_int_equal(n, entries);
    /* the sum is the whole to half a microsecond */
    assert_int_equal(us, (want * 1000000 + timed->info.timescale / 2) / timed->info.timescale);
    free(text);
}

/* Every S of every timeline: its sum, and that equal neighbours are one S. */
static void timelines(const struct show *show)
{
    static const char *const of[] = { "v0", "a0" }; /* one for both pictures, one for sound */
    const struct spn_plan_rendition *all = show->invented.plan.renditions;
    char *text = ask(show, "main.mpd"), *at = text, line[256], *end;
    uint64_t ticks = 0, before = 0;
    size_t index = 0;

    while (line_next(&at, line)) {
        if (begins(line, "<S ")) {
            uint64_t d, r = 0;

            assert_int_equal(begins(line, "<S t=\"0\" "), ticks == 0);
            d = strtoull(strstr(line, "d=\"") + 3, &end, 10);
            if (begins(end, "\" r=\""))
                r = strtoull(end + 5, NULL, 10);
            assert_true(d > 0 && d != before);
            before = d;
            ticks += d * (r + 1);
        }
        if (begins(line, "</SegmentTimeline>")) {
            const struct spn_plan_rendition *rendition = &all[index ? 2 : 0];

            assert_true(index < 2);
            assert_string_equal(rendition->id, of[index]);
            assert_int_equal(ticks, plan_ticks(rendition));
            ticks = before = 0;
            index++;
        }
    }
    assert_int_equal(index, 2);
    free(text);
}

static void durations(void **state)
{
    const struct length_row *row = *state;
    struct invent wish = row->wish;
    const struct spn_plan_rendition *video;
    struct show show;
    size_t segments, gops;

    wish.videos = 2;
    wish.stereo = 1;
    wish.texts = 1;
    wish.cues = 10;
    wish.sheets = 1;
    show_make(&show, &wish);
    video = &show.invented.plan.renditions[0];
    gops = wish.segment_gops ? wish.segment_gops : 3;
    segments = (video->fragment_count + gops - 1) / gops;
    /* what is left for the last stays with the one before it, where that is at most 1.25 targets */
    if (segments > 1 && gops < 4 && (video->fragment_count - 1) % gops == 0 &&
        4 * (wish.frames % show.invented.plan.gop) <= gops * show.invented.plan.gop &&
        wish.frames % show.invented.plan.gop)
        segments--;
    playlist(&show, "v0/media.m3u8", "%u.m4s", video, segments);
    playlist(&show, "v1/iframe.m3u8", "i%u.m4s", video, video->fragment_count);
    playlist(&show, "t0/media.m3u8", "%u.vtt", video, segments);
    /* of one frame too much for a segment there is sound for one packet, or for none */
    if (wish.frames > 100)
        playlist(&show, "a0/media.m3u8", "%u.m4s", &show.invented.plan.renditions[2], segments);
    timelines(&show);
    show_finish(&show);
}

/* ---- the storyboard ---- */

static void storyboard(void **state)
{
    struct invent wish = {
        .rate = { 25, 1 }, .frames = 100000, .videos = 1, .sheets = 1, .seed = 4
    };
    struct show show;
    char *vtt, *images, *at;
    uint64_t ms = 0, us = 0;
    unsigned tile = 0, sheet = 0;

    (void)state;
    show_make(&show, &wish);
    vtt = ask(&show, "storyboard.vtt");
    images = ask(&show, "images.m3u8");
    for (at = vtt; (at = strstr(at, " --> ")); tile++) {
        unsigned h, m, s, f, h2, m2, s2, f2, number, x, y, w, wide;

        assert_int_equal(sscanf(at - 12, "%2u:%2u:%2u.%3u --> %2u:%2u:%2u.%3u", &h, &m, &s, &f, &h2,
                                &m2, &s2, &f2),
                         8);
        assert_int_equal(((h * 60 + m) * 60 + s) * 1000 + f, ms);
        ms = ((h2 * 60 + m2) * 60 + s2) * 1000 + f2;
        at = strchr(at, '\n');
        assert_int_equal(
            sscanf(at, "\nsheet/%u.jpg#xywh=%u,%u,%u,%u\n", &number, &x, &y, &w, &wide), 5);
        assert_int_equal(number, tile / 25 + 1);
        assert_int_equal(x, tile % 5 * 160);
        assert_int_equal(y, tile % 25 / 5 * 90);
        assert_int_equal(w, 160);
        assert_int_equal(wide, 90);
    }
    assert_int_equal(tile, show.invented.storyboard.tile_count);
    assert_int_equal(ms, 4000000);
    for (at = images; (at = strstr(at, "#EXTINF:")); sheet++) {
        us += strtoull(at + 8, &at, 10) * 1000000;
        us += strtoull(at + 1, &at, 10);
        assert_true(
            begins(at, ",\n#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=5x5,DURATION=10.010000\n"));
    }
    assert_int_equal(sheet, show.invented.storyboard.sheet_count);
    assert_int_equal(us, 4000000000);
    assert_int_equal(count_of(images, "#EXT-X-IMAGES-ONLY\n"), 1);
    free(vtt);
    free(images);
    show_finish(&show);
}

/* ---- what is said of renditions ---- */

static const struct invent full = {
    .rate = { 24000, 1001 },
    .frames = 3000,
    .videos = 2,
    .stereo = 2,
    .surround = 1,
    .texts = 3,
    .cues = 5,
    .sheets = 1,
    .seed = 12,
};

static const struct said_row {
    const char *name;
    const char *resource;
    const char *says;
    size_t times;
} said_rows[] = {
    { "a variant for each picture and group of sound", "main.m3u8",
      "#EXT-X-STREAM-INF:BANDWIDTH=", 4 },
    { "the stereo group", "main.m3u8",
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-0\",NAME=\"中文\",LANGUAGE=\"zh\",DEFAULT=YES,"
      "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a0/media.m3u8\"\n",
      1 },
    { "the name of 5.1 is that of its stereo", "main.m3u8",
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-1\",NAME=\"中文\",LANGUAGE=\"zh\",DEFAULT=YES,"
      "AUTOSELECT=YES,CHANNELS=\"6\",URI=\"a2/media.m3u8\"\n",
      1 },
    { "a language without 5.1 stands in its group as stereo", "main.m3u8",
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-1\",NAME=\"English & <'all'>\",LANGUAGE=\"en\","
      "DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a1/media.m3u8\"\n",
      1 },
    { "subtitles are not forced", "main.m3u8",
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",FORCED=NO,NAME=\"English\",LANGUAGE=\"en\","
      "DEFAULT=NO,AUTOSELECT=YES,URI=\"t1/media.m3u8\"\n",
      1 },
    { "forced subtitles are, and have a name of their own", "main.m3u8",
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",FORCED=YES,NAME=\"简体中文 (2)\","
      "LANGUAGE=\"zh-Hans\",DEFAULT=NO,AUTOSELECT=YES,URI=\"t2/media.m3u8\"\n",
      1 },
    { "a variant says size, rate and range", "main.m3u8",
      ",CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=960x540,FRAME-RATE=23.976,VIDEO-RANGE=SDR,"
      "AUDIO=\"audio-1\",SUBTITLES=\"text\",CLOSED-CAPTIONS=NONE\nv1/media.m3u8\n",
      1 },
    { "I-frame playlists", "main.m3u8",
      "RESOLUTION=960x540,VIDEO-RANGE=SDR,URI=\"v1/iframe.m3u8\"\n", 1 },
    { "the image playlist", "main.m3u8", ",RESOLUTION=160x90,CODECS=\"jpeg\",URI=\"images.m3u8\"\n",
      1 },
    { "segments are independent", "main.m3u8", "#EXT-X-INDEPENDENT-SEGMENTS\n", 1 },
    { "a playlist of video on demand", "v0/media.m3u8", "#EXT-X-PLAYLIST-TYPE:VOD\n", 1 },
    { "the map", "v0/media.m3u8", "#EXT-X-MAP:URI=\"init.mp4\"\n", 1 },
    { "no map for text", "t0/media.m3u8", "#EXT-X-MAP", 0 },
    { "I-frames only", "v0/iframe.m3u8", "#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n", 1 },
    { "one set of pictures, three of sound, three of text, one of sheets", "main.mpd",
      "<AdaptationSet ", 8 },
    { "the length of 3000 frames of 23.976 to the microsecond", "main.mpd",
      " mediaPresentationDuration=\"PT125.125000S\"", 1 },
    { "one segment is buffered before playing", "main.mpd", " minBufferTime=\"PT6.006000S\"", 1 },
    { "the frame rate is rational", "main.mpd", " frameRate=\"24000/1001\" sar=\"1:1\"", 1 },
    { "names are escaped", "main.mpd", "<Label>English &amp; &lt;&quot;all&quot;&gt;</Label>", 1 },
    { "roles", "main.mpd", "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"dub\"/>", 1 },
    { "forced text has its role", "main.mpd",
      "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"forced-subtitle\"/>", 1 },
    { "six channels", "main.mpd",
      "<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:mpegB:cicp:ChannelConfiguration\" "
      "value=\"6\"/>",
      1 },
    { "text is one file a language", "main.mpd", "<BaseURL>t1/all.vtt</BaseURL>", 1 },
    { "tiles", "main.mpd",
      "<EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/thumbnail_tile\" "
      "value=\"5x5\"/>",
      1 },
    { "a sheet stands for 25 tiles", "main.mpd", "timescale=\"1000\" duration=\"250250\"", 1 },
    { "colour", "main.mpd",
      "<SupplementalProperty schemeIdUri=\"urn:mpeg:mpegB:cicp:ColourPrimaries\" value=\"1\"/>",
      1 },
};

static void says(void **state)
{
    const struct said_row *row = *state;
    struct show show;
    char *text;

    show_make(&show, &full);
    text = ask(&show, row->resource);
    if (count_of(text, row->says) != row->times)
        fail_msg("%zu times, not %zu, in\n%s", count_of(text, row->says), row->times, text);
    free(text);
    show_finish(&show);
}

/* ---- small changes of a plan ---- */

static void change_hdr(struct spn_plan_rendition *all)
{
    all[0].info.colour = (struct spn_colour){ 9, 16, 9, 0 };
    all[1].info.colour = (struct spn_colour){ 9, 18, 9, 1 };
}

static void change_und(struct spn_plan_rendition *all)
{
    (void)strcpy(all[2].info.language, "und");
    all[2].name = "";
}

static void change_codec(struct spn_plan_rendition *all)
{
    all[1].info.codec = SPN_HEVC;
    (void)strcpy(all[1].info.codecs, "hvc1.1.6.L93.B0");
}

static void change_roles(struct spn_plan_rendition *all)
{
    all[3].roles = SPN_ROLE_DESCRIPTION;
    all[5].roles = SPN_ROLE_CAPTION;
    all[5].is_default = 1;
    all[6].is_default = 1;
}

static void change_commentary(struct spn_plan_rendition *all)
{
    all[3].roles = SPN_ROLE_COMMENTARY;
}

static void change_twins(struct spn_plan_rendition *all)
{
    (void)strcpy(all[3].info.language, "zh");
    all[3].roles = all[2].roles;
    all[3].name = all[2].name;
}

static void change_peaks(struct spn_plan_rendition *all)
{
    /* one fragment, so that all rates are known: 48 frames of 1001/24000 s */
    static struct spn_plan_fragment one[4];

    for (int i = 0; i < 4; i++) {
        one[i] = all[i].fragments[0];
        one[i].size = i < 2 ? 200200 : 20020;
        one[i].duration = i < 2 ? 48048 : 96096;
        one[i].first_sample_size = 10010 - 120;
        one[i].moof_size = 200;
        all[i].fragments = &one[i];
        all[i].fragment_count = 1;
    }
}

static const struct change_row {
    const char *name;
    void (*change)(struct spn_plan_rendition *all);
    const char *resource;
    const char *says;
    size_t times;
} change_rows[] = {
    { "PQ is said in HLS", change_hdr, "main.m3u8", "VIDEO-RANGE=PQ", 3 },
    { "HLG is said in HLS", change_hdr, "main.m3u8", "VIDEO-RANGE=HLG", 3 },
    { "HDR is essential in DASH", change_hdr, "main.mpd",
      "<EssentialProperty schemeIdUri=\"urn:mpeg:mpegB:cicp:TransferCharacteristics\" "
      "value=\"16\"/>",
      1 },
    { "full range is said", change_hdr, "main.mpd",
      "<EssentialProperty schemeIdUri=\"urn:mpeg:mpegB:cicp:VideoFullRangeFlag\" value=\"1\"/>",
      1 },
    { "two transfer functions are two sets", change_hdr, "main.mpd", "contentType=\"video\"", 2 },
    { "an unknown language is left out of HLS, and the id names it", change_und, "main.m3u8",
      "GROUP-ID=\"audio-0\",NAME=\"a0\",DEFAULT=YES", 1 },
    { "an unknown language is und in DASH", change_und, "main.mpd", "lang=\"und\"", 1 },
    { "an empty name makes no label", change_und, "main.mpd", "<Label></Label>", 0 },
    { "two codecs are two sets", change_codec, "main.mpd", "contentType=\"video\"", 2 },
    { "each variant has its codec", change_codec, "main.m3u8",
      "CODECS=\"hvc1.1.6.L93.B0,mp4a.40.2\"", 2 },
    { "description is a characteristic", change_roles, "main.m3u8",
      "CHARACTERISTICS=\"public.accessibility.describes-video\"", 2 },
    { "captions are two", change_roles, "main.m3u8",
      "CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"
      "public.accessibility.describes-music-and-sound\"",
      1 },
    { "one text of two that claim it is the default", change_roles, "main.m3u8",
      "DEFAULT=YES,AUTOSELECT=YES,CHARACTERISTICS=", 1 },
    { "commentary is not chosen by itself", change_commentary, "main.m3u8",
      "LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO", 2 },
    { "two of one language and role have two names", change_twins, "main.m3u8", "NAME=\"中文 (2)\"",
      2 },
    { "and the second is not chosen by itself", change_twins, "main.m3u8",
      "NAME=\"中文 (2)\",LANGUAGE=\"zh\",DEFAULT=NO,AUTOSELECT=NO", 2 },
    { "DASH keeps both labels", change_twins, "main.mpd", "<Label>中文</Label>", 2 },
    /* picture 200200 bytes in 2.002 s, sound 20020 in the same, a text segment of 52 bytes */
    { "BANDWIDTH is that of picture, sound and text together", change_peaks, "main.m3u8",
      "BANDWIDTH=880208,AVERAGE-BANDWIDTH=880208,CODECS=", 2 },
    { "the rate of I-frames is that of moof and first sample", change_peaks, "main.m3u8",
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=40000,AVERAGE-BANDWIDTH=40000,", 2 },
    /* the first segment has to be there in 6.006 s */
    { "@bandwidth is for minBufferTime", change_peaks, "main.mpd", "bandwidth=\"266667\"", 2 },
};

static void changes(void **state)
{
    const struct change_row *row = *state;
    struct invent wish = full;
    struct show show = { 0 };
    struct spn_error err = { 0 };
    char *text;

    wish.cues = row->change == change_peaks ? 0 : 5;
    wish.surround = row->change == change_peaks ? 0 : 1;
    wish.sheets = 0;
    invent(&wish, &show.invented);
    row->change(show.invented.renditions);
    if (spn_publication_make(&show.invented.plan, &show.file, &err) < 0 ||
        spn_publication_open_memory(show.file.data, show.file.size, &show.publication, &err) < 0)
        fail_msg("%s", err.text);
    text = ask(&show, row->resource);
    if (count_of(text, row->says) != row->times)
        fail_msg("%zu times, not %zu, in\n%s", count_of(text, row->says), row->times, text);
    free(text);
    show_finish(&show);
}

int main(void)
{
    static struct rows rows;

    rows_add_table(&rows, length_rows, durations);
    rows_add(&rows, "the storyboard's tiles follow each other to the end of the picture",
             storyboard, NULL);
    rows_add_table(&rows, said_rows, says);
    rows_add_table(&rows, change_rows, changes);
    return rows_run(&rows, "manifest");
}
