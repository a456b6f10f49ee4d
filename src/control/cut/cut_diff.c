/*
 * cut_diff.c - what left and what came from one cut to another.
 *
 * Both are taken apart at every border that either has in an asset, so that what they share is made
 * of equal atoms; the longest common sequence of those, counted in frames, is what stayed.
 */
#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "json.h"

#define DIFF_CELLS_MAX ((size_t)64 << 20) /* 8,000 atoms against 8,000, a byte each */
#define DIFF_ATOMS_MAX ((size_t)1 << 20)

/* A border in an asset. Assets are numbered over both cuts. */
struct border {
    uint32_t asset;
    int64_t frame;
};

struct atom {
    uint32_t asset;
    int64_t in, out, frame; /* of the asset; of the timeline */
};

struct side {
    const struct cut *cut;
    uint32_t *number; /* of each of its assets */
    struct atom *atoms;
    size_t count, capacity;
};

static int border_order(const void *a, const void *b)
{
    const struct border *x = a, *y = b;

    if (x->asset != y->asset)
        return x->asset < y->asset ? -1 : 1;
    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static size_t borders_add(const struct side *side, struct border *borders, size_t count)
{
    const struct spn_composition *composition = side->cut->composition;

    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];

        borders[count++] = (struct border){ side->number[clip->asset], clip->in };
        borders[count++] = (struct border){ side->number[clip->asset], clip->out };
    }
    return count;
}

/* The first border of asset after frame. */
static size_t border_after(const struct border *borders, size_t count, uint32_t asset,
                           int64_t frame)
{
    struct border want = { asset, frame };
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (border_order(&borders[middle], &want) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int atom_add(struct side *side, struct atom atom)
{
    if (side->count == side->capacity) {
        size_t capacity = side->capacity ? 2 * side->capacity : 64;
        struct atom *atoms = realloc(side->atoms, capacity * sizeof(*atoms));

        if (!atoms)
            return SPN_ENOMEM;
        side->atoms = atoms;
        side->capacity = capacity;
    }
    side->atoms[side->count++] = atom;
    return SPN_OK;
}

static int side_split(struct side *side, const struct border *borders, size_t border_count,
                      struct spn_error *err)
{
    const struct spn_composition *composition = side->cut->composition;

    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        uint32_t asset = side->number[clip->asset];
        int64_t at = clip->in;

        while (at < clip->out) {
            const struct border *next = &borders[border_after(borders, border_count, asset, at)];
            struct atom atom = { asset, at, next->frame, composition->start[i] + at - clip->in };

            if (side->count == DIFF_ATOMS_MAX)
                return spn_error_set(err, SPN_ELIMIT,
                                     "the cuts have more than %zu parts, which is too much to "
                                     "compare",
                                     DIFF_ATOMS_MAX);
            if (atom_add(side, atom) < 0)
                return spn_error_set(err, SPN_ENOMEM, "out of memory");
            at = next->frame;
        }
    }
    return SPN_OK;
}

static int atom_same(const struct atom *a, const struct atom *b)
{
    return a->asset == b->asset && a->in == b->in && a->out == b->out;
}

/* stayed[i]: atom i of left is in right too, in the common sequence; the same for right. */
static int common_find(const struct side *left, const struct side *right, char *stayed_left,
                       char *stayed_right, struct spn_error *err)
{
    size_t first = 0, rows = left->count, columns = right->count, i, j;
    int64_t *above = NULL, *here = NULL, *swap;
    char *from = NULL;
    int ret = SPN_ENOMEM;

    while (first < rows && first < columns && atom_same(&left->atoms[first], &right->atoms[first]))
        stayed_left[first] = stayed_right[first] = 1, first++;
    while (rows > first && columns > first &&
           atom_same(&left->atoms[rows - 1], &right->atoms[columns - 1]))
        stayed_left[--rows] = stayed_right[--columns] = 1;
    rows -= first;
    columns -= first;
    if (rows == 0 || columns == 0)
        return SPN_OK;
    if (columns > DIFF_CELLS_MAX / rows)
        return spn_error_set(err, SPN_ELIMIT,
                             "the cuts differ in %zu and %zu places, which is too much to compare",
                             rows, columns);
    above = calloc(columns + 1, sizeof(*above));
    here = calloc(columns + 1, sizeof(*here));
    from = malloc(rows * columns);
    if (!above || !here || !from) {
        (void)spn_error_set(err, ret, "out of memory");
        goto done;
    }
    for (i = 0; i < rows; i++) {
        const struct atom *a = &left->atoms[first + i];

        for (j = 0; j < columns; j++) {
            int64_t both = atom_same(a, &right->atoms[first + j]) ? above[j] + a->out - a->in : -1;

            here[j + 1] = above[j + 1] >= here[j] ? above[j + 1] : here[j];
            from[i * columns + j] = above[j + 1] >= here[j] ? 'u' : 'l';
            if (both > here[j + 1]) {
                here[j + 1] = both;
                from[i * columns + j] = 'b';
            }
        }
        swap = above;
        above = here;
        here = swap;
    }
    for (i = rows, j = columns; i > 0 && j > 0;) {
        char way = from[(i - 1) * columns + j - 1];

        if (way == 'b')
            stayed_left[first + i - 1] = stayed_right[first + j - 1] = 1;
        i -= way != 'l';
        j -= way != 'u';
    }
    ret = SPN_OK;

done:
    free(above);
    free(here);
    free(from);
    return ret;
}

/* What of a side did not stay; atoms that continue each other are one again. */
static json_t *changes_json(const struct side *side, const char *stayed, int64_t *frames)
{
    const struct cut *cut = side->cut;
    struct spn_rate rate = cut->composition->rate;
    json_t *list = json_array();

    for (size_t i = 0; i < side->count; i++) {
        struct atom whole = side->atoms[i];
        const struct cut_asset *asset = NULL;
        json_t *change;

        if (stayed[i])
            continue;
        while (i + 1 < side->count && !stayed[i + 1] && side->atoms[i + 1].asset == whole.asset &&
               side->atoms[i + 1].in == whole.out)
            whole.out = side->atoms[++i].out;
        for (size_t a = 0; a < cut->composition->asset_count && !asset; a++)
            if (side->number[a] == whole.asset)
                asset = &cut->assets[a];
        if (!asset)
            continue;
        *frames += whole.out - whole.in;
        change = json_object();
        json_put_text(change, "asset", asset->hash);
        json_put_text(change, "name", asset->name);
        json_put_number(change, "in", whole.in);
        json_put_number(change, "out", whole.out);
        json_put_number(change, "frame", whole.frame);
        (void)json_object_set_new(change, "in_timecode",
                                  cut_timecode(asset->start + whole.in, rate, asset->drop));
        (void)json_object_set_new(change, "out_timecode",
                                  cut_timecode(asset->start + whole.out, rate, asset->drop));
        (void)json_object_set_new(change, "timecode", cut_timecode(whole.frame, rate, cut->drop));
        (void)json_array_append_new(list, change);
    }
    return list;
}

static int sides_number(struct side *left, struct side *right)
{
    size_t known = left->cut->composition->asset_count;
    size_t count = right->cut->composition->asset_count;

    left->number = calloc(known, sizeof(*left->number));
    right->number = calloc(count, sizeof(*right->number));
    if (!left->number || !right->number)
        return SPN_ENOMEM;
    for (size_t i = 0; i < known; i++)
        left->number[i] = (uint32_t)i;
    for (size_t i = 0; i < count; i++) {
        right->number[i] = (uint32_t)(known + i);
        for (size_t k = 0; k < left->cut->composition->asset_count; k++)
            if (strcmp(left->cut->assets[k].hash, right->cut->assets[i].hash) == 0)
                right->number[i] = (uint32_t)k;
    }
    return SPN_OK;
}

static int sides_compare(struct side *left, struct side *right, json_t **out, struct spn_error *err)
{
    size_t most = 2 * (left->cut->composition->count + right->cut->composition->count), count;
    struct border *borders = calloc(most, sizeof(*borders));
    char *stayed_left = NULL, *stayed_right = NULL;
    int64_t gone = 0, new = 0;
    int ret = SPN_ENOMEM;

    if (!borders || sides_number(left, right) < 0) {
        (void)spn_error_set(err, ret, "out of memory");
        goto done;
    }
    count = borders_add(right, borders, borders_add(left, borders, 0));
    qsort(borders, count, sizeof(*borders), border_order);
    if ((ret = side_split(left, borders, count, err)) < 0 ||
        (ret = side_split(right, borders, count, err)) < 0)
        goto done;
    stayed_left = calloc(left->count + 1, 1);
    stayed_right = calloc(right->count + 1, 1);
    if (!stayed_left || !stayed_right) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
        goto done;
    }
    if ((ret = common_find(left, right, stayed_left, stayed_right, err)) < 0)
        goto done;
    *out = json_object();
    json_put_text(*out, "from", left->cut->id);
    json_put_text(*out, "to", right->cut->id);
    (void)json_object_set_new(*out, "left", changes_json(left, stayed_left, &gone));
    (void)json_object_set_new(*out, "came", changes_json(right, stayed_right, &new));
    json_put_number(*out, "left_frames", gone);
    json_put_number(*out, "came_frames", new);
    json_put_number(*out, "kept_frames",
                    left->cut->composition->start[left->cut->composition->count] - gone);

done:
    free(borders);
    free(stayed_left);
    free(stayed_right);
    return ret;
}

int cut_diff(struct db *db, const char *from, const char *to, json_t **out, struct spn_error *err)
{
    struct cut *left = NULL, *right = NULL;
    struct side a = { 0 }, b = { 0 };
    int ret;

    *out = NULL;
    if ((ret = cut_load(db, from, &left, err)) < 0 || (ret = cut_load(db, to, &right, err)) < 0)
        goto done;
    a.cut = left;
    b.cut = right;
    if (!spn_rate_equal(left->composition->rate, right->composition->rate))
        ret = spn_error_set(err, SPN_EMISMATCH,
                            "the cuts have different rates, and so no frames in common");
    else
        ret = sides_compare(&a, &b, out, err);

done:
    free(a.number);
    free(a.atoms);
    free(b.number);
    free(b.atoms);
    cut_free(left);
    cut_free(right);
    return ret;
}
