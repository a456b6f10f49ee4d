/* cut_join.c - how far the sound of each clip is from its picture, for people. */
#include "cut_join.h"

#include <stdlib.h>

#include "json.h"

#define SAMPLE_RATE 48000 /* of all sound that is encoded, unless a plan says otherwise */

uint32_t planned_sample_rate(const json_t *planned)
{
    json_int_t rate = json_integer_value(json_object_get(planned, "sample_rate"));

    return rate > 0 && rate <= 192000 ? (uint32_t)rate : SAMPLE_RATE;
}

void cut_join_put(json_t *sound, const struct cut *cut, size_t clip, int64_t num, int64_t den,
                  uint32_t sample_rate)
{
    int64_t frame = cut->composition->start[clip], us = 0, worst;
    json_t *join = json_object(), *joins = json_object_get(sound, "joins");

    (void)spn_rescale(num, 1000000, den * (int64_t)sample_rate, SPN_NEAREST, &us);
    json_put_number(join, "clip", (int64_t)clip);
    json_put_number(join, "frame", frame);
    (void)json_object_set_new(join, "timecode",
                              cut_timecode(frame, cut->composition->rate, cut->drop));
    json_put_number(join, "error_us", us);
    (void)json_object_set_new(join, "error_samples",
                              json_pack("[II]", (json_int_t)num, (json_int_t)den));
    if (!joins) {
        joins = json_array();
        (void)json_object_set_new(sound, "joins", joins);
    }
    (void)json_array_append_new(joins, join);
    worst = json_integer_value(json_object_get(sound, "worst_error_us"));
    json_put_number(sound, "worst_error_us", llabs(us) > worst ? llabs(us) : worst);
}
