#include "container.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>

enum {
    READ = 1,
    JUMPS = 2, /* see container_jumps() */
    UNTIMED = 4,
    BY_BYTE = 8,
};

/* Demuxers by the first of their names. None of them follows references to other files: mov's are
   off and io_open is refused. */
static const struct container {
    const char *name;
    int flags;
} containers[] = {
    { "mov", READ },
    { "matroska", READ },
    { "mpegts", READ | JUMPS | BY_BYTE },
    { "mpeg", READ | JUMPS | BY_BYTE },
    { "mxf", READ },
    { "avi", READ },
    { "flv", READ },
    { "ogg", READ },
    { "asf", READ },
    { "gxf", READ },
    { "nut", READ },
    { "ivf", READ },
    { "wtv", READ },
    { "dv", READ },
    { "yuv4mpegpipe", READ },
    { "h264", READ | UNTIMED | BY_BYTE },
    { "hevc", READ | UNTIMED | BY_BYTE },
    { "mpegvideo", READ | UNTIMED | BY_BYTE },
    { "m4v", READ | UNTIMED | BY_BYTE },
    { "vc1", READ | UNTIMED | BY_BYTE },
    { "obu", READ | UNTIMED },
    { "av1", READ | UNTIMED },
};

static const char *const playlists[] = { "hls",      "dash", "concat",     "imf",
                                         "sdp",      "rtsp", "ffmetadata", "webm_dash_manifest",
                                         "applehttp" };
static const char *const subtitles[] = {
    "srt",         "ass",   "webvtt", "microdvd", "sami",     "stl",    "scc",     "subviewer",
    "subviewer1",  "mpl2",  "lrc",    "jacosub",  "realtext", "pjs",    "vplayer", "aqtitle",
    "tedcaptions", "mpsub", "vobsub", "sup",      "dvbsub",   "dvbtxt", "mcc"
};
static const char *const sounds[] = { "mp3",   "wav",  "flac", "aac",  "ac3",    "eac3", "dts",
                                      "dtshd", "aiff", "au",   "caf",  "w64",    "amr",  "ape",
                                      "tta",   "wv",   "mpc",  "mpc8", "truehd", "mlp",  "loas",
                                      "latm",  "opus", "tak",  "voc",  "dsf",    "iff",  "oma",
                                      "rso",   "sox",  "shn",  "aa",   "aax",    "ast",  "xa",
                                      "g722",  "gsm",  "qcp",  "act",  "sbc" };
static const char *const pictures[] = { "image2", "gif",  "apng", "webp", "ico",
                                        "fits",   "xbin", "bin",  "psd",  "jpegxl_anim" };

static int listed(const char *const *list, size_t count, const AVInputFormat *format)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (av_match_name(list[i], format->name))
            return 1;
    return 0;
}
#define LISTED(list, format) listed(list, sizeof(list) / sizeof *(list), format)

static int flags_of(const AVInputFormat *format)
{
    size_t i;

    for (i = 0; i < sizeof containers / sizeof *containers; i++)
        if (av_match_name(containers[i].name, format->name))
            return containers[i].flags;
    return 0;
}

int container_jumps(const AVInputFormat *format)
{
    return (flags_of(format) & JUMPS) != 0;
}

int container_untimed(const AVInputFormat *format)
{
    return (flags_of(format) & UNTIMED) != 0;
}

int container_by_byte(const AVInputFormat *format)
{
    return (flags_of(format) & BY_BYTE) != 0;
}

#define KNOWN                                                                                      \
    "MP4, MOV, MKV, WebM, TS, PS, MXF, AVI, FLV, Ogg, ASF, GXF, NUT and raw video are read"

int container_judge(const char *name, const AVInputFormat *format, struct spn_error *err)
{
    const char *kind = format->long_name ? format->long_name : format->name;
    size_t length = strlen(format->name);

    if (flags_of(format) & READ)
        return SPN_OK;
    if (LISTED(playlists, format))
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "%s only lists other files (%s), which are not followed: bring the "
                             "file with the picture itself",
                             name, kind);
    if (LISTED(subtitles, format))
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "%s has no picture: it is subtitles (%s), which are brought beside a "
                             "film with --subtitles",
                             name, kind);
    if (LISTED(sounds, format) || !strncmp(format->name, "pcm", 3))
        return spn_error_set(err, SPN_EUNSUPPORTED, "%s has no picture: it is sound alone (%s)",
                             name, kind);
    if (LISTED(pictures, format) || (length > 5 && !strcmp(format->name + length - 5, "_pipe")))
        return spn_error_set(err, SPN_EUNSUPPORTED, "%s is a still picture (%s), not a film", name,
                             kind);
    return spn_error_set(err, SPN_EUNSUPPORTED, "%s seems to be %s, which is not read; " KNOWN,
                         name, kind);
}

int container_unknown(const char *name, const uint8_t *start, size_t size, struct spn_error *err)
{
    size_t i;

    for (i = 0; i < size; i++)
        if (start[i])
            break;
    if (i == size)
        return spn_error_set(err, SPN_EFORMAT,
                             "%s begins with zeros alone: it was not copied whole", name);
    for (i = 0; i < size; i++)
        if (start[i] < 0x20 && !strchr("\t\n\r\f", start[i]))
            break;
    if (i == size)
        return spn_error_set(err, SPN_EFORMAT, "%s is text, not video; " KNOWN, name);
    return spn_error_set(err, SPN_EFORMAT, "%s is not a video file that is known; " KNOWN, name);
}
