/* invent.c - plans of publications without track files. */
#include "invent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t invented_random(struct invented *invented, uint32_t below)
{
    uint64_t x = invented->state ? invented->state : 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    invented->state = x;
    return below ? (uint32_t)((x >> 16) % below) : 0;
}

static void *own(struct invented *out, size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);

    if (!p || out->owned_count == sizeof(out->owned) / sizeof(out->owned[0]))
        abort();
    out->owned[out->owned_count++] = p;
    return p;
}

static char *text(struct invented *out, const char *format, unsigned number)
{
    char *p = own(out, 1, 96);

    (void)snprintf(p, 96, "%s%u", format, number);
    return p;
}

static uint32_t file_add(struct invented *out, enum spn_folder folder)
{
    uint32_t index = (uint32_t)out->plan.file_count++;

    if (index == sizeof(out->files) / sizeof(out->files[0]))
        abort();
    out->files[index].folder = folder;
    for (int i = 0; i < SPN_HASH_SIZE; i++)
        out->files[index].name.bytes[i] = (uint8_t)(index * 7 + (uint32_t)i);
    out->files[index].size = 1000; /* what stands before the first fragment */
    return index;
}

static void fragment_add(struct invented *out, const struct invent *wish, uint32_t index,
                         uint32_t file, uint32_t bridge, uint32_t mean,
                         struct spn_plan_fragment *fragment)
{
    int inexact = wish->inexact && index % wish->inexact == wish->inexact - 1;
    struct spn_plan_file *whole = &out->files[inexact ? bridge : file];

    fragment->file = inexact ? bridge : file;
    fragment->moof_size = 200 + invented_random(out, 800);
    fragment->first_sample_size = 1 + invented_random(out, mean / 4 + 1);
    fragment->size =
        fragment->moof_size + 8 + fragment->first_sample_size + 1 + invented_random(out, 2 * mean);
    fragment->offset = whole->size;
    fragment->exact = !inexact && !(wish->inexact && index >= wish->inexact);
    whole->size += fragment->size;
}

static struct spn_plan_rendition *rendition_add(struct invented *out, enum spn_media media,
                                                char letter, unsigned number)
{
    static const uint8_t header[40] = "not a real header, nobody looks into it";
    struct spn_plan_rendition *rendition = &out->renditions[out->plan.rendition_count++];
    char id[2] = { letter, '\0' };

    rendition->id = text(out, id, number);
    rendition->info.media = media;
    (void)strcpy(rendition->info.language, "und");
    if (media != SPN_TEXT) {
        rendition->header = header;
        rendition->header_size = sizeof(header);
    }
    return rendition;
}

static void video_add(struct invented *out, const struct invent *wish, unsigned number)
{
    struct spn_plan_rendition *rendition = rendition_add(out, SPN_VIDEO, 'v', number);
    uint32_t gop = spn_rate_gop(wish->rate), count = (wish->frames + gop - 1) / gop;
    struct spn_plan_fragment *fragments = own(out, count, sizeof(*fragments));
    uint32_t file = file_add(out, SPN_FOLDER_TRACK), bridge = file_add(out, SPN_FOLDER_BRIDGE);

    rendition->info.codec = SPN_H264;
    rendition->info.timescale = wish->rate.num;
    rendition->info.sample_ticks = wish->rate.den;
    rendition->info.rate = wish->rate;
    rendition->info.gop = gop;
    rendition->info.width = 1920 >> number;
    rendition->info.height = 1080 >> number;
    rendition->info.colour = (struct spn_colour){ 1, 1, 1, 0 };
    (void)strcpy(rendition->info.codecs, "avc1.640028");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t frames = i + 1 < count ? gop : wish->frames - i * gop;

        fragment_add(out, wish, i, file, bridge, 400000 >> (2 * number), &fragments[i]);
        fragments[i].duration = frames * wish->rate.den;
    }
    rendition->fragments = fragments;
    rendition->fragment_count = count;
}

static void audio_add(struct invented *out, const struct invent *wish, unsigned number,
                      uint32_t channels, const char *language, const char *name)
{
    struct spn_plan_rendition *rendition = rendition_add(out, SPN_AUDIO, 'a', number);
    uint32_t gop = spn_rate_gop(wish->rate), count = (wish->frames + gop - 1) / gop, kept = 0;
    struct spn_plan_fragment *fragments = own(out, count, sizeof(*fragments));
    uint32_t file = file_add(out, SPN_FOLDER_TRACK), bridge = file_add(out, SPN_FOLDER_BRIDGE);

    rendition->info.codec = SPN_AAC;
    rendition->info.timescale = rendition->info.sample_rate = 48000;
    rendition->info.sample_ticks = SPN_AAC_FRAME;
    rendition->info.channels = channels;
    rendition->name = name;
    (void)strcpy(rendition->info.language, language);
    (void)strcpy(rendition->info.codecs, "mp4a.40.2");
    for (uint32_t i = 0; i < count; i++) {
        int64_t end = (int64_t)(i + 1) * gop, from = (int64_t)i * gop;
        int64_t frames;

        end = end > wish->frames ? wish->frames : end;
        frames = spn_audio_frame_at(end, wish->rate, 48000) -
                 spn_audio_frame_at(from, wish->rate, 48000);
        if (frames <= 0 && kept)
            continue;
        fragment_add(out, wish, kept, file, bridge, 16000 * channels, &fragments[kept]);
        fragments[kept++].duration = (uint32_t)(frames > 0 ? frames : 1) * SPN_AAC_FRAME;
    }
    rendition->fragments = fragments;
    rendition->fragment_count = kept;
}

static void text_add(struct invented *out, const struct invent *wish, unsigned number)
{
    struct spn_plan_rendition *rendition = rendition_add(out, SPN_TEXT, 't', number);
    struct spn_plan_cue *cues = own(out, wish->cues, sizeof(*cues));
    int64_t total_ms = (int64_t)wish->frames * wish->rate.den * 1000 / wish->rate.num;
    int64_t start = 0;
    char *words = own(out, wish->cues, 40);

    rendition->info.codec = SPN_WEBVTT;
    (void)strcpy(rendition->info.language, number % 2 ? "en" : "zh-Hans");
    rendition->name = number % 2 ? "English" : "简体中文";
    rendition->roles = number == 2 ? SPN_ROLE_FORCED : SPN_ROLE_SUBTITLE;
    for (unsigned i = 0; i < wish->cues; i++) {
        start += invented_random(out, (uint32_t)(2 * total_ms / (wish->cues + 1)) + 1);
        cues[i].start_ms = start;
        cues[i].end_ms = start + 1 + invented_random(out, 5000);
        cues[i].settings = i % 5 ? "" : "line:0";
        (void)snprintf(words + (size_t)i * 40, 40, "cue %u\n你好 %u", i + 1, i);
        cues[i].text = words + (size_t)i * 40;
    }
    rendition->cues = cues;
    rendition->cue_count = wish->cues;
}

static void chapters_add(struct invented *out, unsigned count)
{
    static const char *const titles[] = { "Opening", "第二章", "3" };
    struct spn_plan_cue *chapters = own(out, count, sizeof(*chapters));

    for (unsigned i = 0; i < count; i++)
        chapters[i] = (struct spn_plan_cue){ (int64_t)i * 10000, (int64_t)i * 10000 + 10000, "",
                                             titles[i % 3] };
    out->plan.chapters = chapters;
    out->plan.chapter_count = count;
}

static void storyboard_add(struct invented *out, const struct invent *wish)
{
    struct spn_plan_storyboard *board = &out->storyboard;
    uint64_t total_ms = (uint64_t)wish->frames * wish->rate.den * 1000 / wish->rate.num;
    struct spn_plan_sheet *sheets;
    uint32_t file = file_add(out, SPN_FOLDER_SHEETS);

    board->tile_width = 160;
    board->tile_height = 90;
    board->columns = board->rows = 5;
    board->tile_ms = 10010;
    board->tile_count = (uint32_t)((total_ms + 10009) / 10010);
    if (board->tile_count == 0)
        board->tile_count = 1;
    board->sheet_count = (board->tile_count + 24) / 25;
    sheets = own(out, board->sheet_count, sizeof(*sheets));
    for (size_t i = 0; i < board->sheet_count; i++) {
        sheets[i].file = file;
        sheets[i].offset = out->files[file].size;
        sheets[i].size = 1 + invented_random(out, 100000);
        out->files[file].size += sheets[i].size;
    }
    board->sheets = sheets;
    out->plan.storyboard = board;
}

void invent(const struct invent *wish, struct invented *out)
{
    unsigned audio = 0;

    memset(out, 0, sizeof(*out));
    out->state = wish->seed;
    out->plan.id = INVENT_ID;
    out->plan.flags = SPN_PUBLICATION_OPEN;
    out->plan.rate = wish->rate;
    out->plan.gop = spn_rate_gop(wish->rate);
    out->plan.segment_gops = wish->segment_gops;
    out->plan.files = out->files;
    out->plan.renditions = out->renditions;
    for (unsigned i = 0; i < wish->videos; i++)
        video_add(out, wish, i);
    for (unsigned i = 0; i < wish->stereo; i++) {
        audio_add(out, wish, audio++, 2, i % 2 ? "en" : "zh",
                  i % 2 ? "English & <\"all\">" : "中文");
        out->renditions[out->plan.rendition_count - 1].roles = i ? SPN_ROLE_DUB : SPN_ROLE_MAIN;
        out->renditions[out->plan.rendition_count - 1].is_default = i == 0;
    }
    for (unsigned i = 0; i < wish->surround; i++) {
        audio_add(out, wish, audio++, 6, i % 2 ? "en" : "zh", i % 2 ? "English 5.1" : "中文 5.1");
        out->renditions[out->plan.rendition_count - 1].roles = i ? SPN_ROLE_DUB : SPN_ROLE_MAIN;
    }
    for (unsigned i = 0; i < wish->texts; i++)
        text_add(out, wish, i);
    if (wish->sheets)
        storyboard_add(out, wish);
    if (wish->chapters)
        chapters_add(out, wish->chapters);
}

void invented_finish(struct invented *invented)
{
    for (size_t i = 0; i < invented->owned_count; i++)
        free(invented->owned[i]);
    invented->owned_count = 0;
}
