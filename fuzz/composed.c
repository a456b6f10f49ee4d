/*
 * composed.c - a composition and the files of one rendition of it, some as they have to be and some
 * not: what is accepted is a track without a gap, what is refused says why and leaves nothing.
 *
 *     SOUND ASSETS CLIPS | of an asset: FRAMES ENCODE | of a clip: ASSET IN LENGTH | files, see
 * below
 *
 * each a byte, at 5 frames a second. Files are a track for each asset, then as many bridges as
 * bytes are left for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "made.h"
#include "sampan/composed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ASSETS_MAX  3
#define CLIPS_MAX   12
#define BRIDGES_MAX 16
#define FILES_MAX   (ASSETS_MAX + BRIDGES_MAX)
#define FRAMES_MAX  80 /* of an asset: as many as a made track can have */
#define PICTURES    10
#define PACKETS     100

struct bytes {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct bytes *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

struct stage {
    int sound;
    struct spn_composition *composition;
    struct spn_span *spans; /* of picture, or NULL */
    struct spn_sound_span *sound_spans;
    size_t span_count;
    struct made made[FILES_MAX];
    uint8_t *raw[FILES_MAX];
    const uint8_t *bytes[FILES_MAX];
    size_t sizes[FILES_MAX];
    struct spn_track *tracks[FILES_MAX];
    struct spn_composed_files files;
    size_t faults;
};

static int composition_make(struct stage *stage, struct bytes *in)
{
    struct spn_clip_asset assets[ASSETS_MAX] = { 0 };
    struct spn_clip clips[CLIPS_MAX];
    size_t asset_count, count;

    stage->sound = take(in) & 1;
    asset_count = 1 + take(in) % ASSETS_MAX;
    count = 1 + take(in) % CLIPS_MAX;
    for (size_t i = 0; i < asset_count; i++) {
        assets[i].name.bytes[0] = (uint8_t)i;
        assets[i].rate = (struct spn_rate){ 5, 1 };
        assets[i].frames = 1 + take(in) % FRAMES_MAX;
        assets[i].encode = take(in) & 3;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t asset = (uint32_t)(take(in) % asset_count);
        int64_t frames = assets[asset].frames > 0 ? assets[asset].frames : 1;
        int64_t first = take(in) % frames;

        clips[i] = (struct spn_clip){ asset, first, first + 1 + take(in) % (frames - first) };
    }
    return spn_composition_make((struct spn_rate){ 5, 1 }, assets, asset_count, clips, count, NULL,
                                NULL, &stage->composition, NULL);
}

static int spans_make(struct stage *stage)
{
    struct spn_sound_clip *clips = NULL;
    int ret;

    if (!stage->sound)
        return spn_picture_spans(stage->composition, &stage->spans, &stage->span_count, NULL);
    ret = spn_sound_clips(stage->composition, 48000, &clips, NULL);
    if (ret >= 0)
        ret = spn_sound_spans(stage->composition, 48000, clips, &stage->sound_spans,
                              &stage->span_count, NULL);
    free(clips);
    return ret;
}

static int fragment_add(struct made *made, int64_t length, int64_t most)
{
    if (made->fragments == MADE_FRAGMENTS_MAX || length < 1 || length > most)
        return 0;
    made->counts[made->fragments++] = (unsigned)length;
    return 1;
}

/* The fragments of an asset's track as they have to be. */
static int track_fit(const struct stage *stage, size_t asset, struct made *made)
{
    int64_t frames = stage->composition->assets[asset].frames;
    struct spn_rate rate = { 5, 1 };

    for (int64_t from = 0; from < frames; from += PICTURES) {
        int64_t to = from + PICTURES < frames ? from + PICTURES : frames;
        int64_t length = stage->sound ? spn_audio_frame_at(to, rate, 48000) -
                                            spn_audio_frame_at(from, rate, 48000)
                                      : to - from;

        if (!fragment_add(made, length, stage->sound ? PACKETS : PICTURES))
            return 0;
    }
    return 1;
}

/* Those of a stretch of bridge, or of all bridges of sound. */
static int bridge_fit(const struct stage *stage, size_t bridge, struct made *made)
{
    size_t stretch = 0;

    for (size_t i = 0; i < stage->span_count; i++) {
        int is_bridge =
            (stage->sound ? stage->sound_spans[i].kind : stage->spans[i].kind) == SPN_BRIDGE;
        int64_t units = stage->sound ? stage->sound_spans[i].slots : stage->spans[i].frames;
        uint32_t count =
            stage->sound ? (uint32_t)stage->sound_spans[i].fragments : stage->spans[i].fragments;

        if (!is_bridge || (!stage->sound && stretch++ != bridge))
            continue;
        for (uint32_t k = 0; k < count; k++) {
            int64_t first, length;

            spn_bridge_fragment(units, count, k, &first, &length);
            if (!fragment_add(made, length, stage->sound ? PACKETS : PICTURES))
                return 0;
        }
    }
    return made->fragments > 0;
}

/*
 * KIND and what it says: 0 no file; 1 LENGTH (two bytes) and any bytes; 2 as the cut needs it;
 * others COUNT and so many lengths of fragments. Of made ones HOW: another size, rate, colour,
 * codec.
 */
static void file_make(struct stage *stage, size_t number, struct bytes *in)
{
    size_t assets = stage->composition->asset_count;
    struct made *made = &stage->made[number];
    uint8_t kind = take(in) & 7, how;

    if (kind == 0)
        return;
    if (kind == 1) {
        size_t size = (size_t)take(in) << 8;

        size |= take(in);
        size = size < in->left ? size : in->left;
        if (!(stage->raw[number] = malloc(size ? size : 1)))
            abort();
        memcpy(stage->raw[number], in->at, size);
        in->at += size;
        in->left -= size;
        stage->bytes[number] = stage->raw[number];
        stage->sizes[number] = size;
        return;
    }
    how = take(in);
    made_init(made, stage->sound ? SPN_AAC : how & 8 ? SPN_HEVC : SPN_H264);
    made->fragments = 0;
    if (kind == 2) {
        if (!(number < assets ? track_fit(stage, number, made)
                              : bridge_fit(stage, number - assets, made)))
            return;
    } else {
        for (unsigned n = 1 + take(in) % MADE_FRAGMENTS_MAX; n > 0; n--)
            (void)fragment_add(made, 1 + take(in) % (stage->sound ? PACKETS : PICTURES), PACKETS);
    }
    if (!stage->sound && how & 1)
        made->info.width *= 2;
    if (!stage->sound && how & 2) {
        made->info.rate.num = made->info.timescale = 6;
        made->info.gop = 12;
    }
    if (!stage->sound && how & 4)
        made->info.colour.matrix = 6;
    if (spn_header_write(&made->info, &made->file, NULL) < 0)
        abort();
    made_fragments(made, 0, made->fragments, &made->file);
    stage->bytes[number] = made->file.data;
    stage->sizes[number] = made->file.size;
}

static void files_make(struct stage *stage, struct bytes *in)
{
    size_t assets = stage->composition->asset_count, count = assets;

    for (size_t i = 0; i < FILES_MAX && (i < assets || in->left > 0); i++, count = i)
        file_make(stage, i, in);
    for (size_t i = 0; i < count; i++)
        if (stage->bytes[i])
            (void)spn_track_open_memory(stage->bytes[i], stage->sizes[i], "file", &stage->tracks[i],
                                        NULL);
    stage->files = (struct spn_composed_files){
        .tracks = (const struct spn_track *const *)stage->tracks,
        .bridges = (const struct spn_track *const *)stage->tracks + assets,
        .bridge_count = count > assets ? count - assets : 0,
    };
}

static void fault_told(void *opaque, const char *check, int64_t frame, const char *text)
{
    struct stage *stage = opaque;
    const struct spn_composition *composition = stage->composition;
    struct spn_error err;

    /* a place past the end is one all the same: what is sent may be longer than the list */
    if (!check[0] || !text[0] || frame < 0 ||
        spn_composed_join(composition, frame) >= composition->count)
        abort();
    spn_composed_sentence(composition, "v0", frame, 0, text, &err);
    if (!strstr(err.text, "v0, "))
        abort();
    stage->faults++;
}

struct film {
    const struct stage *stage;
    struct spn_buffer out;
};

static int film_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                      uint64_t size, struct spn_error *err)
{
    struct film *film = opaque;

    (void)err;
    if (!bytes) {
        if (piece >= FILES_MAX || offset > film->stage->sizes[piece] ||
            size > film->stage->sizes[piece] - offset)
            abort();
        bytes = film->stage->bytes[piece] + offset;
    }
    spn_buffer_append(&film->out, bytes, (size_t)size);
    return SPN_OK;
}

/* What a player puts together is a track of just these fragments. */
static void film_check(const struct stage *stage, const struct spn_composed *composed)
{
    struct film film = { .stage = stage };
    const struct spn_fragment *all;
    struct spn_track *track;
    size_t count;

    if (spn_composed_write(&stage->files, composed, film_write, &film, NULL) < 0 ||
        spn_track_open_memory(film.out.data, film.out.size, "film", &track, NULL) < 0)
        abort();
    all = spn_track_all(track, &count);
    if (count != composed->count || spn_track_duration(track) != composed->duration)
        abort();
    for (size_t i = 0; i < count; i++)
        if (all[i].start != composed->pieces[i].start)
            abort();
    spn_track_close(track);
    spn_buffer_finish(&film.out);
}

static void pieces_check(const struct stage *stage, const struct spn_composed *composed)
{
    int64_t at = 0;

    for (size_t i = 0; i < composed->count; i++) {
        const struct spn_composed_piece *piece = &composed->pieces[i];
        const struct spn_fragment *fragment;
        const struct spn_track *track;
        size_t there;

        fragment = spn_composed_fragment(&stage->files, composed, piece, &track);
        (void)spn_track_all(track, &there);
        if (piece->fragment >= there || piece->start != at || fragment->duration <= 0)
            abort();
        at += fragment->duration;
    }
    if (at != composed->duration || composed->count == 0)
        abort();
}

static void stage_finish(struct stage *stage)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        spn_track_close(stage->tracks[i]);
        made_finish(&stage->made[i]);
        free(stage->raw[i]);
    }
    free(stage->spans);
    free(stage->sound_spans);
    spn_composition_free(stage->composition);
    free(stage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct bytes in = { data, size };
    struct spn_composed composed;
    struct spn_error err = { 0 };
    int ret;

    if (!stage)
        abort();
    if (composition_make(stage, &in) == SPN_OK && spans_make(stage) == SPN_OK) {
        files_make(stage, &in);
        ret = spn_composed_make(stage->composition, &stage->files, fault_told, stage, &composed,
                                &err);
        if (ret == SPN_OK && stage->faults == 0) {
            pieces_check(stage, &composed);
            film_check(stage, &composed);
        } else if (ret != SPN_EMISMATCH || stage->faults == 0 || composed.pieces || !err.text[0]) {
            abort();
        }
        spn_composed_free(&composed);
    }
    stage_finish(stage);
    return 0;
}
