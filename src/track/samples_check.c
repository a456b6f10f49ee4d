/* samples_check.c - the samples themselves: IDR where it must be, parameter sets where they must
 * not. */
#include <string.h>

#include "config.h"
#include "nal.h"
#include "scan.h"

struct judged {
    const struct spn_track_info *info;
    struct spn_judge *judge;
    const struct spn_moof *moof;
    uint32_t index; /* of the sample in its fragment */
};

static int broken(const struct judged *j, enum spn_rule rule, const char *what)
{
    return spn_rule_broken(j->judge, rule, "sample %u of fragment %u %s", j->index,
                           j->moof->sequence, what);
}

static int nals_judge(const struct judged *j, const uint8_t *data, size_t size)
{
    struct spn_reader reader = spn_reader_of(data, size);
    int pictures = 0, ret;

    while (spn_reader_left(&reader)) {
        size_t length = spn_reader_be32(&reader);
        const uint8_t *nal = spn_reader_take(&reader, length);
        enum spn_nal_kind kind;

        if (!nal || length == 0)
            return broken(j, SPN_RULE_UNITS, "is not whole NAL units");
        kind = spn_nal_kind(j->info->codec, nal, length);
        pictures += kind == SPN_NAL_PICTURE || kind == SPN_NAL_IDR;
        if (kind == SPN_NAL_PICTURE && j->index == 0 &&
            (ret = broken(j, SPN_RULE_IDR_FIRST, "has a slice that is not of an IDR picture")) < 0)
            return ret;
        if (kind == SPN_NAL_IDR && j->index > 0 &&
            (ret = broken(j, SPN_RULE_IDR_OTHERS, "has a slice of an IDR picture")) < 0)
            return ret;
        if (kind == SPN_NAL_SETS && (ret = broken(j, SPN_RULE_SETS, "holds a parameter set")) < 0)
            return ret;
    }
    return pictures ? SPN_OK : broken(j, SPN_RULE_UNITS, "holds no coded slice");
}

static int obus_judge(const struct judged *j, const uint8_t *data, size_t size)
{
    struct spn_reader reader = spn_reader_of(data, size);
    const uint8_t *sequence = NULL;
    size_t sequence_size = 0;
    int frames = 0, keys = 0, sequences = 0, ret;
    struct spn_obu obu;

    (void)spn_av1_sequence(j->info->config, j->info->config_size, &sequence, &sequence_size);
    while ((ret = spn_obu_next(&reader, &obu)) > 0) {
        if (obu.type == SPN_OBU_DELIMITER || obu.type == SPN_OBU_PADDING)
            return broken(j, SPN_RULE_UNITS, "holds a temporal delimiter or padding");
        if (obu.type == SPN_OBU_FRAME || obu.type == SPN_OBU_FRAME_HEADER) {
            if (spn_av1_key(&obu, sequence, sequence_size))
                keys++;
            if (frames++ == 0 && !keys && j->index == 0 &&
                (ret = broken(j, SPN_RULE_IDR_FIRST, "does not begin with a key frame")) < 0)
                return ret;
        }
        if (obu.type != SPN_OBU_SEQUENCE)
            continue;
        sequences++;
        if ((obu.payload_size != sequence_size ||
             memcmp(obu.payload, sequence, sequence_size) != 0) &&
            (ret = broken(j, SPN_RULE_AV1_SEQUENCE, "has another sequence header than av1C")) < 0)
            return ret;
    }
    if (ret < 0)
        return broken(j, SPN_RULE_UNITS, "is not whole OBUs");
    if (!frames)
        return broken(j, SPN_RULE_UNITS, "holds no frame");
    if (j->index == 0 && !sequences)
        return broken(j, SPN_RULE_AV1_SEQUENCE, "has no sequence header");
    return j->index > 0 && keys ? broken(j, SPN_RULE_IDR_OTHERS, "has a key frame") : SPN_OK;
}

int spn_samples_judge(const struct spn_track *track, const struct spn_moof *moof,
                      const struct spn_sample_place *places, struct spn_judge *judge,
                      struct spn_buffer *scratch, struct spn_error *err)
{
    struct judged j = { &track->info, judge, moof, 0 };
    int ret = SPN_OK;

    if (track->info.media != SPN_VIDEO)
        return SPN_OK; /* an AAC packet does not say what it is */
    for (; j.index < moof->samples && ret == SPN_OK; j.index++) {
        const struct spn_sample_place *place = &places[j.index];
        uint8_t *data;

        scratch->size = 0;
        data = spn_buffer_reserve(scratch, place->size);
        if (!data)
            return spn_error_set(err, SPN_ENOMEM, "no memory for a sample of %u bytes",
                                 place->size);
        if ((ret = spn_input_read(&track->input, place->offset, place->size, data, err)) < 0)
            return ret;
        ret = track->info.codec == SPN_AV1 ? obus_judge(&j, data, place->size)
                                           : nals_judge(&j, data, place->size);
    }
    return ret;
}
