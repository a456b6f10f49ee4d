/* ask_all.c - ask a publication for everything it has. */
#include "ask_all.h"

#include <stdlib.h>
#include <string.h>

#include "publication_index.h"
#include "sampan/answer.h"

static volatile uint8_t sink; /* so that reading is not left out */

static int hold(const struct spn_publication *publication, const struct spn_request *request)
{
    struct spn_answer answer = { 0 };
    uint64_t sum = 0;
    int ret = spn_answer_make(publication, request, &answer, NULL);

    if (ret == SPN_OK) {
        if (answer.part_count == 0 || answer.part_count > SPN_PARTS_MAX || !answer.content_type ||
            strnlen(answer.etag, sizeof(answer.etag)) == sizeof(answer.etag))
            abort();
        for (size_t i = 0; i < answer.part_count; i++) {
            const struct spn_part *part = &answer.parts[i];
            struct spn_plan_file file;

            if (part->size == 0)
                abort();
            sum += part->size;
            if (part->bytes) {
                for (uint64_t k = 0; k < part->size; k++)
                    sink = (uint8_t)(sink ^ part->bytes[k]);
            } else if (spn_publication_file(publication, part->file, &file) < 0 ||
                       part->size > file.size || part->offset > file.size - part->size) {
                abort();
            }
        }
        if (sum != answer.size)
            abort();
    } else if (ret != SPN_ENOENT && ret != SPN_ENOMEM) {
        abort();
    }
    spn_answer_finish(&answer);
    return ret == SPN_OK;
}

int ask_all(const uint8_t *bytes, size_t size, size_t *answers)
{
    static const uint32_t numbers[] = { 0, 1, 2, 3, 7, 50, UINT32_MAX };
    struct spn_publication *publication;
    struct spn_error err;
    struct spn_request request = { 0 };
    int ret = spn_publication_open_memory(bytes, size, &publication, &err);

    *answers = 0;
    if (ret < 0) {
        if (publication || err.code != ret || !err.text[0])
            abort();
        return ret;
    }
    for (int resource = SPN_MULTIVARIANT; resource <= SPN_CHAPTERS; resource++) {
        request.resource = (enum spn_resource)resource;
        for (size_t r = 0; r <= publication->rendition_count; r++) {
            const struct rendition *rendition = &publication->renditions[r];
            uint32_t last = r < publication->rendition_count ? rendition->segment_count : 1;

            if (r < publication->rendition_count)
                memcpy(request.rendition, rendition->id, sizeof(request.rendition));
            else
                memset(request.rendition, 0, sizeof(request.rendition));
            for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
                request.number = numbers[n];
                *answers += (size_t)hold(publication, &request);
            }
            request.number = last;
            *answers += (size_t)hold(publication, &request);
            request.number = last + 1;
            *answers += (size_t)hold(publication, &request);
        }
    }
    spn_publication_close(publication);
    return SPN_OK;
}

void ask_all_rehash(uint8_t *bytes, size_t size)
{
    struct spn_hash hash;

    if (size < HEADER_SIZE)
        return;
    spn_publication_digest(bytes, size, &hash);
    memcpy(bytes + HEADER_HASH, hash.bytes, sizeof(hash.bytes));
}
