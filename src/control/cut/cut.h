/*
 * cut.h - compositions as the catalogue keeps them: clips of assets, their names, their state.
 *
 * A cut is made whole and never changed; who wants another makes another, with this one as its
 * parent. draft -> building -> ready, or failed; a failed one may be built again. Its edit is the
 * name of what is shown: two cuts of the same clips are one edit.
 */
#ifndef CONTROL_CUT_H
#define CONTROL_CUT_H

#include <jansson.h>

#include "cut_list.h"
#include "instance.h"
#include "sampan/composition.h"

#define CUT_NAME_MAX 1000  /* bytes of a name or an author */
#define CUT_NOTE_MAX 20000 /* bytes */

/* An asset as a list refers to it. */
struct cut_asset {
    char hash[SPN_HASH_HEX + 1];
    char name[CUT_TEXT_MAX]; /* what its file was called */
    struct spn_rate rate;
    int64_t frames;
    int64_t start; /* number of its first frame as the list counts, from its timecode */
    int drop;      /* which drops frames */
};

struct cut {
    char id[SPN_ID_MAX];
    char state[16];
    char name[CUT_NAME_MAX + 1];
    int drop; /* timecodes are drop-frame */
    struct spn_composition *composition;
    struct cut_asset *assets;   /* those of the composition, in its order */
    struct cut_marker *markers; /* in order of time */
    size_t marker_count;
};

/* What is said of a new cut beside its clips. */
struct cut_words {
    const char *name, *title, *author, *note, *parent, *format; /* title, parent may be NULL */
    int drop;
    const struct cut_marker *markers; /* in order of time */
    size_t marker_count;
};

/*
 * Keep a composition; assets are its, in its order; id has SPN_ID_MAX bytes. SPN_ENOENT: no such
 * title or parent. Inside a transaction.
 */
int cut_insert(const struct instance *instance, struct db *db, const struct cut_words *words,
               const struct spn_composition *composition, const struct cut_asset *assets, char *id,
               struct spn_error *err);
/* *out goes to cut_free(). It is whole even where an asset was removed since. */
int cut_load(struct db *db, const char *id, struct cut **out, struct spn_error *err);
void cut_free(struct cut *cut); /* NULL is allowed */
/*
 * Hold the row of a cut that is built, until the transaction ends. SPN_ENOENT: there is none.
 * SPN_ECONFLICT: it is not built; done ("verified") is what it cannot be before.
 */
int cut_built_hold(struct db *db, const char *id, const char *done, struct spn_error *err);
/*
 * Its rows go; what was made for it is left to gc. SPN_ECONFLICT: it is being built, or a live
 * publication shows it. Inside a transaction.
 */
int cut_delete(struct db *db, const char *id, struct spn_error *err);

/* As people are shown it: in short, or with clips and stretches of bridge. */
int cut_summary(struct db *db, const char *id, json_t **out, struct spn_error *err);
int cut_show(struct db *db, const char *id, json_t **out, struct spn_error *err);
int cut_page(struct db *db, const char *state, const char *cursor, int limit, json_t *out,
             struct spn_error *err);
/* What left and what came from one cut to another. SPN_EMISMATCH: their rates differ. */
int cut_diff(struct db *db, const char *from, const char *to, json_t **out, struct spn_error *err);
/* As a list, appended to out. format: "otio", "edl" or "cpl"; *type is its media type. */
int cut_export(struct db *db, const char *id, const char *format, struct spn_buffer *out,
               const char **type, struct spn_error *err);

/* A frame as timecode at rate, or a null where the rate has none. */
json_t *cut_timecode(int64_t frame, struct spn_rate rate, int drop);

#endif
