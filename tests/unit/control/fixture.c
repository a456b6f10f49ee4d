/* fixture.c - an instance under test and its canned worker. */
#include "fixture.h"

#include <assert.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../track/made.h"
#include "catalogue/ingest.h"
#include "gc/gc_daily.h"
#include "json.h"
#include "sampan/composition.h"
#include "log.h"
#include "store/blob.h"
#include "store/store.h"
#include "work/job.h"

#define MUST(expression)                                                                           \
    do {                                                                                           \
        if (!(expression)) {                                                                       \
            (void)fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #expression, why.text);  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const char *database;
static struct spn_error why;

void fixture_arguments(int argc, char *argv[])
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--database") == 0)
            database = argv[i + 1];
    (void)log_open("test", NULL, LOG_ERROR, NULL);
}

static int64_t clock_read(void *opaque)
{
    return ((struct fixture *)opaque)->now_ms;
}

static int64_t room_read(void *opaque)
{
    return ((struct fixture *)opaque)->room;
}

/* xorshift: the same test, the same ids */
uint32_t fixture_random(struct fixture *fixture, uint32_t below)
{
    fixture->seed ^= fixture->seed << 13;
    fixture->seed ^= fixture->seed >> 7;
    fixture->seed ^= fixture->seed << 17;
    return (uint32_t)(fixture->seed >> 16) % below;
}

static void chance_read(void *opaque, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)fixture_random(opaque, 256);
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char path[SPN_PATH_MAX];

    MUST(fixture);
    (void)strcpy(fixture->dir, "/tmp/sampan-control.XXXXXX");
    MUST(mkdtemp(fixture->dir));
    MUST(instance_init(&fixture->instance, fixture->dir, &why) >= 0);
    fixture->now_ms = (int64_t)time(NULL) * 1000;
    fixture->seed = 88172645463325252u;
    fixture->instance.clock_ms = clock_read;
    fixture->instance.chance = chance_read;
    fixture->instance.opaque = fixture;
    fixture->instance.room = room_read;
    fixture->room = 1 << 30;
    MUST(layout_open(&fixture->instance, NULL, &why) >= 0);
    MUST(instance_path(&fixture->instance, path, sizeof(path), "db/sampan.db", &why) >= 0);
    MUST(store_open(database ? database : path, &fixture->instance.store, &why) >= 0);
    MUST(store_db(fixture->instance.store, &fixture->db, &why) >= 0);
    if (database) {
        sql_run(fixture, "DROP SCHEMA public CASCADE");
        sql_run(fixture, "CREATE SCHEMA public");
    }
    MUST(store_migrate(fixture->instance.store, NULL, fixture->now_ms, NULL, NULL, &why) >= 0);
    *state = fixture;
    return 0;
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    instance_finish(&fixture->instance);
    (void)nftw(fixture->dir, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

int64_t sql_number(struct fixture *fixture, const char *sql)
{
    int64_t number = -1;

    MUST(db_count(fixture->db, sql, DB_NONE, -1, &number, &why) >= 0);
    return number;
}

void sql_run(struct fixture *fixture, const char *sql)
{
    MUST(db_run(fixture->db, sql, DB_NONE, NULL, &why) >= 0);
}

const char *ingest_state_of(struct fixture *fixture, const char *id)
{
    static char state[32];
    json_t *ingest;

    MUST(ingest_show(&fixture->instance, fixture->db, id, &ingest, &why) >= 0);
    (void)snprintf(state, sizeof(state), "%s", text_of(ingest, "state"));
    json_decref(ingest);
    return state;
}

int file_there(const struct fixture *fixture, const char *format, ...)
{
    char path[SPN_PATH_MAX];
    size_t length = (size_t)snprintf(path, sizeof(path), "%s/", fixture->dir);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(path + length, sizeof(path) - length, format, args);
    va_end(args);
    return access(path, F_OK) == 0;
}

unsigned gc_days(struct fixture *fixture, unsigned days)
{
    struct gc_schedule schedule = { .started_ms = fixture->now_ms };
    const struct gc_options options = { 0 };
    unsigned runs = 0;

    for (unsigned hour = 0; hour < days * 24; hour++) {
        int64_t last_ms = schedule.last_ms;

        fixture->now_ms += 3600 * 1000;
        MUST(gc_daily_turn(&fixture->instance, &schedule, fixture->now_ms, &options) > 0);
        runs += schedule.last_ms != last_ms;
    }
    return runs;
}

/* ---- a film and its ingest ---- */

void film_hash(const char *name, const char *what, unsigned number, char hex[SPN_HASH_HEX + 1])
{
    struct spn_hash hash;
    char text[256];
    int length = snprintf(text, sizeof(text), "%s/%s/%u", name, what, number);

    spn_hash_of(text, (size_t)length, &hash);
    spn_hash_hex(&hash, hex);
}

struct create_body {
    struct fixture *fixture;
    const json_t *request;
    char *id;
};

static int create_run(struct db *db, void *opaque, struct spn_error *err)
{
    struct create_body *body = opaque;

    return ingest_create(&body->fixture->instance, db, body->request, 1, body->id, err);
}

void ingest_ask(struct fixture *fixture, json_t *request, char id[SPN_ID_MAX])
{
    struct create_body body = { fixture, request, id };

    MUST(db_transact(fixture->db, create_run, &body, &why) >= 0);
    json_decref(request);
}

void film_ingest(struct fixture *fixture, const struct film *film, int publish, char id[SPN_ID_MAX])
{
    json_t *subtitles = json_array();
    json_t *request = json_pack("{sssssbso}", "path", "/films/film.mkv", "name", film->name,
                                "publish", publish, "subtitles", subtitles);

    for (unsigned i = 0; i < film->subtitles; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/films/film.%u.srt", i);
        (void)json_array_append_new(subtitles,
                                    json_pack("{ssss}", "path", path, "language", "zh-Hans"));
    }
    ingest_ask(fixture, request, id);
}

/* ---- the worker ---- */

json_t *work_claim(struct fixture *fixture, const char *worker)
{
    struct job_claim claim = {
        worker, ",examine,chunk,audio,text,assemble,storyboard,bridge,verify,flatten,", 1000
    };
    json_t *job = NULL;

    MUST(job_claim(&fixture->instance, fixture->db, &claim, &job, &why) >= 0);
    return job;
}

static json_t *list_make(const struct film *film, const char *media, unsigned count,
                         unsigned number, unsigned first_file)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++) {
        char hex[SPN_HASH_HEX + 1], id[16];
        json_t *one;

        film_hash(film->name, media, number + i, hex);
        (void)snprintf(id, sizeof(id), "%c%u", media[0], i);
        one = json_pack("{sssssssb}", "id", id, "name", hex, "language", "zh-Hans", "default",
                        i == 0);
        if (strcmp(media, "text") == 0 && i >= first_file)
            json_put_number(one, "file", i - first_file);
        (void)json_array_append_new(list, one);
    }
    return list;
}

static json_t *plan_make(const struct film *film)
{
    char board[SPN_HASH_HEX + 1];
    json_t *plan;

    film_hash(film->name, "board", 0, board);
    plan = json_pack("{sisis[ii]sisisi}", "version", 1, "frames", 24, "rate", 5, 1, "gop", 10,
                     "chunks", (int)film->chunks, "chunk_memory_mb", 600);
    (void)json_object_set_new(plan, "video", list_make(film, "video", 1, film->ladder * 100, 0));
    (void)json_object_set_new(plan, "audio", list_make(film, "audio", film->audios, 0, 0));
    (void)json_object_set_new(
        plan, "text", list_make(film, "text", film->texts + film->subtitles, 0, film->texts));
    if (film->storyboard)
        (void)json_object_set_new(plan, "storyboard",
                                  json_pack("{sssisisisisi}", "name", board, "interval_frames", 10,
                                            "width", 16, "height", 9, "columns", 2, "rows", 2));
    return plan;
}

static void blob_make(struct fixture *fixture, enum blob_kind kind, const char *name,
                      const void *bytes, size_t size)
{
    MUST(blob_put(&fixture->instance, kind, name, bytes, size, &why) >= 0);
}

static json_t *examine_do(struct fixture *fixture, const struct film *film)
{
    char source[SPN_HASH_HEX + 1], asset[SPN_HASH_HEX + 1];

    film_hash(film->name, "source", 0, source);
    film_hash(film->name, "asset", 0, asset);
    blob_make(fixture, BLOB_SOURCE, source, "film", 4);
    blob_make(fixture, BLOB_SOURCE_INDEX, source, "index", 5);
    return json_pack("{sss{}s{}s[s]sos{sssiss}}", "asset", asset, "probe", "conform", "changes",
                     "nothing", "plan", plan_make(film), "source", "hash", source, "size", 4,
                     "kept", "copy");
}

static json_t *chunk_do(struct fixture *fixture, const json_t *spec)
{
    json_t *pieces = json_array(), *tiles = json_array();
    char path[SPN_PATH_MAX], tmp[SPN_PATH_MAX];
    const json_t *video;
    size_t i;

    MUST(instance_path(&fixture->instance, tmp, sizeof(tmp), "tmp", &why) >= 0);
    json_array_foreach(json_object_get(json_object_get(spec, "plan"), "video"), i, video)
    {
        MUST(piece_path(&fixture->instance, text_of(spec, "asset"), text_of(video, "id"),
                        number_of(spec, "chunk"), path, &why) >= 0);
        MUST(spn_file_put(tmp, path, 0644, "piece", 5, &why) >= 0);
        (void)json_array_append_new(pieces,
                                    json_pack("{sssi}", "id", text_of(video, "id"), "bytes", 5));
    }
    MUST(piece_path(&fixture->instance, text_of(spec, "asset"), "tiles", number_of(spec, "chunk"),
                    path, &why) >= 0);
    MUST(spn_file_put(tmp, path, 0644, "tile", 4, &why) >= 0);
    (void)json_array_append_new(tiles,
                                json_pack("{sIsisi}", "index", (json_int_t)number_of(spec, "chunk"),
                                          "offset", 0, "size", 4));
    return json_pack("{siso so}", "frames", 24, "pieces", pieces, "tiles", tiles);
}

/* A real track file, of which every asset of these tests has the same. */
static json_t *track_do(struct fixture *fixture, const json_t *planned, enum spn_codec codec)
{
    static const unsigned packets[] = { 94, 94, 37 }; /* of 10, 10 and 4 pictures */
    char compat[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    struct made made;
    json_t *result;

    made_init(&made, codec);
    if (codec == SPN_AAC) {
        made.fragments = 3;
        memcpy(made.counts, packets, sizeof(packets));
    }
    made_file(&made);
    MUST(spn_compat_id(&made.info, &hash, &why) >= 0);
    spn_hash_hex(&hash, compat);
    blob_make(fixture, BLOB_TRACK, text_of(planned, "name"), made.file.data, made.file.size);
    result = json_pack("{s{sssIsssi}}", "track", "name", text_of(planned, "name"), "bytes",
                       (json_int_t)made.file.size, "compat_id", compat, "average_bandwidth", 8000);
    made_finish(&made);
    return result;
}

static json_t *text_do(struct fixture *fixture, const json_t *planned)
{
    static const char vtt[] = "WEBVTT\n\n00:00.000 --> 00:01.500\n你好\n\n"
                              "00:02.000 --> 00:04.000 line:90%\nhello\nworld\n";

    blob_make(fixture, BLOB_TEXT, text_of(planned, "name"), vtt, strlen(vtt));
    return json_pack("{s{sssi}}", "text", "name", text_of(planned, "name"), "bytes",
                     (int)strlen(vtt));
}

static json_t *board_do(struct fixture *fixture, const json_t *spec)
{
    json_t *tiles = json_deep_copy(json_object_get(spec, "tiles"));
    const char *name =
        text_of(json_object_get(json_object_get(spec, "plan"), "storyboard"), "name");

    blob_make(fixture, BLOB_SHEETS, name, "sheetsheet", 10);
    blob_make(fixture, BLOB_TILES, name, "tiletile", 8);
    return json_pack("{s{sssos[{sisi}]}}", "storyboard", "name", name, "tiles", tiles, "sheets",
                     "offset", 0, "size", 10);
}

/* Bridges of the picture in fragments as they are asked for; of sound the test's lists need none.
 */
static json_t *bridge_do(struct fixture *fixture, const json_t *spec)
{
    const json_t *bridge = json_object_get(spec, "bridge"), *output;
    json_t *list = json_array();
    size_t i;

    json_array_foreach(json_object_get(spec, "outputs"), i, output)
    {
        char hex[SPN_HASH_HEX + 1];
        struct spn_hash hash;
        struct made made;

        made_init(&made, SPN_H264);
        made.fragments = (unsigned)number_of(bridge, "fragments");
        for (unsigned f = 0; f < made.fragments; f++) {
            int64_t first, length;

            spn_bridge_fragment(number_of(bridge, "frames"), made.fragments, f, &first, &length);
            made.counts[f] = (unsigned)length;
        }
        MUST(spn_header_write(&made.info, &made.file, &why) >= 0);
        made_fragments(&made, 0, made.fragments, &made.file);
        blob_make(fixture, BLOB_BRIDGE, text_of(output, "name"), made.file.data, made.file.size);
        spn_hash_of(made.file.data, made.file.size, &hash);
        spn_hash_hex(&hash, hex);
        (void)json_array_append_new(list, json_pack("{sssssIss}", "id", text_of(output, "id"),
                                                    "name", text_of(output, "name"), "bytes",
                                                    (json_int_t)made.file.size, "sha256", hex));
        made_finish(&made);
    }
    return json_pack("{so}", "bridges", list);
}

json_t *work_do(struct fixture *fixture, const struct film *film, const json_t *job)
{
    const json_t *spec = json_object_get(job, "spec"), *plan = json_object_get(spec, "plan");
    const char *kind = text_of(job, "kind");

    if (strcmp(kind, "examine") == 0)
        return examine_do(fixture, film);
    if (strcmp(kind, "chunk") == 0)
        return chunk_do(fixture, spec);
    if (strcmp(kind, "bridge") == 0)
        return bridge_do(fixture, spec);
    if (strcmp(kind, "storyboard") == 0)
        return board_do(fixture, spec);
    if (strcmp(kind, "text") == 0)
        return text_do(fixture, json_array_get(json_object_get(plan, "text"),
                                               (size_t)number_of(spec, "text")));
    if (strcmp(kind, "audio") == 0)
        return track_do(
            fixture,
            json_array_get(json_object_get(plan, "audio"), (size_t)number_of(spec, "audio")),
            SPN_AAC);
    return track_do(
        fixture, json_array_get(json_object_get(plan, "video"), (size_t)number_of(spec, "video")),
        SPN_H264);
}

int work_commit(struct fixture *fixture, const json_t *job, json_t *result)
{
    int ret = job_commit(&fixture->instance, fixture->db, text_of(job, "id"),
                         number_of(job, "fence"), result, &why);

    json_decref(result);
    return ret;
}

unsigned work_all(struct fixture *fixture, const struct film *film)
{
    unsigned count = 0;
    json_t *job;

    while ((job = work_claim(fixture, "worker"))) {
        int ret = work_commit(fixture, job, work_do(fixture, film, job));

        MUST(ret >= 0);
        json_decref(job);
        count++;
    }
    return count;
}
