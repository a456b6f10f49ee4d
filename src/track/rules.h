/*
 * rules.h - the rules of the contract, each with its stable name, and who is told when one is
 * broken.
 *
 * docs/formats/track.md has the same list with its reasons. A rule marked "open" can be seen
 * without sample data and in a piece as well as in a whole track: spn_track_open() refuses a file
 * that breaks it. The others are spn_track_check()'s.
 */
#ifndef TRACK_RULES_H
#define TRACK_RULES_H

#include "sampan/error.h"
#include "sampan/track.h"

/* id, name, at open, what holds */
#define SPN_RULES(rule)                                                                            \
    rule(BRAND, "cmaf.brand", 1, "ftyp names the brands iso6, cmfc and cmf2") rule(                \
        SINGLE, "cmaf.track.single", 1,                                                            \
        "there is one trak, one trex and one sample entry") rule(TRACK_ID, "sampan.track.id", 1,   \
                                                                 "the track is number 1 "          \
                                                                 "everywhere")                     \
        rule(EDIT, "cmaf.edit.none", 1, "there is no edit list") rule(                             \
            TABLES, "cmaf.tables.empty", 1,                                                        \
            "the sample tables of moov are empty") rule(BTRT, "sampan.btrt.none", 1,               \
                                                        "there is no btrt")                        \
            rule(ESDS, "sampan.esds.rates", 1, "buffer size and bit rates in esds are 0") rule(    \
                PIXEL, "sampan.pixel.square", 1,                                                   \
                "pixels are square, and pasp says so") rule(TIMESCALE, "sampan.timescale", 1,      \
                                                            "the timescale is the frame rate's "   \
                                                            "numerator, or the sample rate")       \
                rule(SOUND, "sampan.sound.config", 1,                                              \
                     "the AudioSpecificConfig agrees with the sample entry") rule(LAYOUT,          \
                                                                                  "cmaf.layout",   \
                                                                                  1,               \
                                                                                  "ftyp, moov, "   \
                                                                                  "sidx, then "    \
                                                                                  "moof and mdat " \
                                                                                  "in turn, "      \
                                                                                  "nothing else")  \
                    rule(TRAILING, "cmaf.trailing", 1, "nothing follows the last mdat") rule(      \
                        SIDX_PRESENT, "sampan.sidx.present", 0,                                    \
                        "there is a sidx before the first moof") rule(SIDX, "cmaf.sidx.agrees", 1, \
                                                                      "sidx has the sizes, "       \
                                                                      "durations and times of "    \
                                                                      "the fragments")             \
                        rule(                                                                      \
                            FRAGMENT, "cmaf.fragment.single", 1,                                   \
                            "a moof holds one traf, and that one trun") rule(TFHD,                 \
                                                                             "cmaf.tfhd.defaults", \
                                                                             1,                    \
                                                                             "tfhd counts from "   \
                                                                             "moof and repeats "   \
                                                                             "the defaults of "    \
                                                                             "the track")          \
                            rule(TFDT, "cmaf.tfdt.version", 1, "tfdt is of version 1") rule(       \
                                TRUN_VERSION, "cmaf.trun.version", 1, "trun is of version 1")      \
                                rule(                                                              \
                                    TRUN_FORM, "sampan.trun.form", 1,                              \
                                    "trun has its data offset, the first sample's flags "          \
                                    "(picture), sizes and composition "                            \
                                    "offsets, and nothing else") rule(PREFIX, "sampan.prefix", 1,  \
                                                                      "the 80 bytes before trun "  \
                                                                      "are those of every other "  \
                                                                      "fragment") rule(SEQUENCE,   \
                                                                                       "cmaf."     \
                                                                                       "sequence", \
                                                                                       1,          \
                                                                                       "sequence " \
                                                                                       "numbers "  \
                                                                                       "count by " \
                                                                                       "one")      \
                                    rule(                                                          \
                                        SEQUENCE_FIRST, "sampan.sequence.first", 0,                \
                                        "the first sequence number is 1") rule(START,              \
                                                                               "sampan.start."     \
                                                                               "zero",             \
                                                                               0,                  \
                                                                               "the first decode " \
                                                                               "time is 0")        \
                                        rule(CONTINUOUS, "cmaf.tfdt.continuous", 1,                \
                                             "a decode time is the one before and the durations "  \
                                             "of that fragment") rule(DURATION,                    \
                                                                      "sampan.duration.one", 1,    \
                                                                      "every sample lasts as "     \
                                                                      "long as every other")       \
                                            rule(PRESENTATION, "cmaf.tfdt.presentation", 1,        \
                                                 "the earliest presentation time of a fragment "   \
                                                 "is its decode time") rule(GRID,                  \
                                                                            "sampan.frame.grid",   \
                                                                            1,                     \
                                                                            "every frame of a "    \
                                                                            "fragment has a "      \
                                                                            "place of its own")    \
                                                rule(FIRST, "sampan.first.shown", 1,               \
                                                     "the first sample of a fragment is shown "    \
                                                     "first") rule(SYNC_FIRST, "cmaf.sync.first",  \
                                                                   1,                              \
                                                                   "the first sample of a "        \
                                                                   "fragment is marked sync")      \
                                                    rule(SYNC_OTHERS, "sampan.sync.others", 1,     \
                                                         "no other picture is marked sync, every " \
                                                         "sound is") rule(GOP_MOST,                \
                                                                          "sampan.gop.most", 1,    \
                                                                          "a fragment holds at "   \
                                                                          "most G frames")         \
                                                        rule(GOP_WHOLE, "sampan.gop.whole", 0,     \
                                                             "every fragment but the last holds "  \
                                                             "G frames") rule(AUDIO_EVEN,          \
                                                                              "sampan.audio.even", \
                                                                              0,                   \
                                                                              "the packets of "    \
                                                                              "fragments but the " \
                                                                              "last differ by "    \
                                                                              "one at most")       \
                                                            rule(DATA, "cmaf.data.exact", 1,       \
                                                                 "mdat follows its moof and "      \
                                                                 "holds its samples and no more")  \
                                                                rule(                              \
                                                                    UNITS, "sampan.sample.units",  \
                                                                    0,                             \
                                                                    "a sample is whole NAL units " \
                                                                    "or OBUs, with a picture")     \
                                                                    rule(IDR_FIRST,                \
                                                                         "sampan.idr.first", 0,    \
                                                                         "the first sample of a "  \
                                                                         "fragment is an IDR or "  \
                                                                         "key frame")              \
                                                                        rule(                      \
                                                                            IDR_OTHERS,            \
                                                                            "sampan.idr.others",   \
                                                                            0,                     \
                                                                            "no other sample is "  \
                                                                            "an IDR or key frame") \
                                                                            rule(                  \
                                                                                SETS,              \
                                                                                "sampan.sets."     \
                                                                                "outside",         \
                                                                                0,                 \
                                                                                "no parameter "    \
                                                                                "sets in samples") \
                                                                                rule(              \
                                                                                    AV1_SEQUENCE,  \
                                                                                    "sampan.av1."  \
                                                                                    "sequence",    \
                                                                                    0,             \
                                                                                    "a key frame " \
                                                                                    "carries the " \
                                                                                    "sequence "    \
                                                                                    "header, "     \
                                                                                    "equal to "    \
                                                                                    "that of "     \
                                                                                    "av1C")

enum spn_rule {
#define SPN_RULE_ID(id, name, open, text) SPN_RULE_##id,
    SPN_RULES(SPN_RULE_ID)
#undef SPN_RULE_ID
        SPN_RULE_COUNT
};

struct spn_rule_row {
    const char *name, *text;
    int open;
};
extern const struct spn_rule_row spn_rule_rows[SPN_RULE_COUNT];

/* What is done about a broken rule: nothing, the file is refused, or it is reported once. */
enum spn_judging { SPN_JUDGE_SILENT, SPN_JUDGE_REFUSE, SPN_JUDGE_REPORT };

struct spn_judge {
    enum spn_judging judging;
    const char *name; /* of the file, for the sentence */
    struct spn_error *err;
    spn_track_report *report;
    void *opaque;
    unsigned hits; /* times any rule was broken */
    int broken;    /* rules broken */
    uint8_t seen[SPN_RULE_COUNT];
};

/* SPN_OK to go on, or SPN_EFORMAT with the sentence in judge->err where the file is refused for it.
 */
int spn_rule_broken(struct spn_judge *judge, enum spn_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
