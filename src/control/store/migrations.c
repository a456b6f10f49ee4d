/* migrations.c - the schema, step by step. A step that was released is never changed. */
#include "backend.h"

/* Names and ids compare by their bytes in both databases. */
#define KEY "TEXT /*pg COLLATE \"C\"*/"

static const char first[] =
    "CREATE TABLE title ("
    " id " KEY " PRIMARY KEY,"
    " kind TEXT NOT NULL,"  /* movie, series, season, episode */
    " parent " KEY ","      /* of a season or an episode */
    " place BIGINT,"        /* number below the parent */
    " names TEXT NOT NULL," /* JSON: BCP 47 language -> name */
    " version BIGINT NOT NULL,"
    " created_ms BIGINT NOT NULL,"
    " updated_ms BIGINT NOT NULL);"
    "CREATE INDEX title_parent ON title (parent, place, id);"

    "CREATE TABLE source ("
    " hash " KEY " PRIMARY KEY,"
    " name TEXT NOT NULL," /* what the file was called */
    " size BIGINT NOT NULL,"
    " link TEXT," /* where it lies, when it was not copied */
    " created_ms BIGINT NOT NULL);"

    "CREATE TABLE asset ("
    " hash " KEY " PRIMARY KEY,"
    " source " KEY " NOT NULL,"
    " name TEXT NOT NULL,"
    " state TEXT NOT NULL," /* encoding, ready, failed */
    " frames BIGINT NOT NULL,"
    " rate_num BIGINT NOT NULL,"
    " rate_den BIGINT NOT NULL,"
    " probe TEXT NOT NULL,"
    " conform TEXT NOT NULL,"
    " changes TEXT NOT NULL,"
    " plan TEXT NOT NULL,"
    " board " KEY ","   /* name of the storyboard in the plan */
    " storyboard TEXT," /* facts of the finished one */
    " error_code TEXT,"
    " error_text TEXT,"
    " created_ms BIGINT NOT NULL,"
    " ready_ms BIGINT);"
    "CREATE INDEX asset_created ON asset (created_ms, hash);"
    "CREATE INDEX asset_source ON asset (source);"
    "CREATE INDEX asset_board ON asset (board);"

    "CREATE TABLE rendition ("
    " asset " KEY " NOT NULL,"
    " id " KEY " NOT NULL,"   /* v0, a0, t0 */
    " media TEXT NOT NULL,"   /* video, audio, text */
    " place BIGINT NOT NULL," /* index in the plan */
    " name " KEY " NOT NULL," /* hash of the recipe: what the file is called */
    " facts TEXT,"            /* JSON, once the file is there */
    " PRIMARY KEY (asset, id));"
    "CREATE INDEX rendition_name ON rendition (name);"

    "CREATE TABLE ingest ("
    " id " KEY " PRIMARY KEY,"
    " state TEXT NOT NULL," /* examining, encoding, ready, failed, refused, canceled */
    " name TEXT NOT NULL,"
    " request TEXT NOT NULL," /* JSON as it was asked for */
    " title " KEY ","
    " asset " KEY ","
    " publish BIGINT NOT NULL,"
    " publication " KEY ","
    " remove_path TEXT," /* the original of a moved file, removed once it is kept */
    " error_code TEXT,"
    " error_text TEXT,"
    " created_ms BIGINT NOT NULL,"
    " updated_ms BIGINT NOT NULL);"
    "CREATE INDEX ingest_asset ON ingest (asset, state);"
    "CREATE INDEX ingest_state ON ingest (state, id);"

    /*
     * A job may be claimed when available_ms is past: at once, when its lease has run out, or when
     * it is to be tried again. NULL: it is done, failed, held or canceled.
     */
    "CREATE TABLE job ("
    " id " KEY " PRIMARY KEY,"
    " kind TEXT NOT NULL,"
    " state TEXT NOT NULL,"      /* ready, running, paused, done, failed, held, canceled */
    " priority BIGINT NOT NULL," /* smaller is sooner */
    " ingest " KEY ","           /* of an examine */
    " asset " KEY ","            /* of all others */
    " place BIGINT NOT NULL,"    /* chunk, or index of the rendition in the plan */
    " spec TEXT NOT NULL,"       /* JSON: what the asset's row does not have */
    " result TEXT,"
    " fence BIGINT NOT NULL," /* grows with each claim */
    " available_ms BIGINT,"
    " worker TEXT,"
    " memory_mb BIGINT NOT NULL,"
    " crashes BIGINT NOT NULL,"
    " tries BIGINT NOT NULL,"
    " done BIGINT NOT NULL,"
    " total BIGINT NOT NULL,"
    " unit TEXT NOT NULL,"
    " error_code TEXT,"
    " error_text TEXT,"
    " created_ms BIGINT NOT NULL,"
    " started_ms BIGINT,"
    " finished_ms BIGINT);"
    "CREATE INDEX job_open ON job (priority, id) WHERE available_ms IS NOT NULL;"
    "CREATE INDEX job_asset ON job (asset, kind, state);"
    "CREATE INDEX job_ingest ON job (ingest);"
    "CREATE INDEX job_state ON job (state, id);"

    "CREATE TABLE publication ("
    " id " KEY " PRIMARY KEY,"
    " asset " KEY " NOT NULL,"
    " title " KEY ","
    " state TEXT NOT NULL," /* making, live, gone */
    " created_ms BIGINT NOT NULL,"
    " gone_ms BIGINT);"
    "CREATE INDEX publication_asset ON publication (asset, state);"
    "CREATE INDEX publication_title ON publication (title, state);"
    "CREATE INDEX publication_state ON publication (state, id);"

    "CREATE TABLE upload ("
    " id " KEY " PRIMARY KEY,"
    " state TEXT NOT NULL," /* open, complete, taken */
    " name TEXT NOT NULL,"
    " metadata TEXT NOT NULL," /* as the client sent it */
    " length BIGINT NOT NULL,"
    " ingest " KEY "," /* that took it */
    " created_ms BIGINT NOT NULL,"
    " expires_ms BIGINT NOT NULL);"

    "CREATE TABLE token ("
    " id " KEY " PRIMARY KEY,"
    " hash " KEY " NOT NULL UNIQUE," /* SHA-256 of the token's text */
    " role TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " created_ms BIGINT NOT NULL,"
    " expires_ms BIGINT);"

    "CREATE TABLE answered (" /* requests with an Idempotency-Key */
    " token " KEY " NOT NULL,"
    " key " KEY " NOT NULL,"
    " request " KEY " NOT NULL," /* SHA-256 of method, path and body */
    " status BIGINT NOT NULL,"
    " body TEXT NOT NULL,"
    " location TEXT," /* headers of the answer */
    " etag TEXT,"
    " created_ms BIGINT NOT NULL,"
    " PRIMARY KEY (token, key));"
    "CREATE INDEX answered_created ON answered (created_ms);";

static const char second[] =
    /* A composition. What it is made of never changes; a change is another row with its parent. */
    "CREATE TABLE cut ("
    " id " KEY " PRIMARY KEY,"
    " edit " KEY " NOT NULL," /* SHA-256 of rate and clips: the same cut is the same edit */
    " name TEXT NOT NULL,"
    " title " KEY ","
    " author TEXT NOT NULL,"
    " note TEXT NOT NULL,"
    " parent " KEY ","             /* the cut that this one was made from */
    " format TEXT NOT NULL,"       /* of the list it came as */
    " drop_frame BIGINT NOT NULL," /* its timecodes are written so */
    " rate_num BIGINT NOT NULL,"
    " rate_den BIGINT NOT NULL,"
    " frames BIGINT NOT NULL,"
    " clip_count BIGINT NOT NULL,"
    " clips TEXT NOT NULL," /* JSON: [place in cut_asset, in, out] of each */
    " state TEXT NOT NULL," /* draft, building, ready, failed */
    " renditions TEXT,"     /* JSON: what it is built of, from the build on */
    " error_code TEXT,"
    " error_text TEXT,"
    " created_ms BIGINT NOT NULL,"
    " ready_ms BIGINT);"
    "CREATE INDEX cut_edit ON cut (edit);"
    "CREATE INDEX cut_title ON cut (title);"
    "CREATE INDEX cut_parent ON cut (parent);"
    "CREATE INDEX cut_state ON cut (state, id);"

    "CREATE TABLE cut_asset ("
    " cut " KEY " NOT NULL,"
    " place BIGINT NOT NULL,"
    " asset " KEY " NOT NULL,"
    " name TEXT NOT NULL,"
    " frames BIGINT NOT NULL,"
    " start_frame BIGINT NOT NULL," /* number of its first frame as the list counts */
    " PRIMARY KEY (cut, place));"
    "CREATE INDEX cut_asset_asset ON cut_asset (asset);"

    "CREATE TABLE cut_file ("
    " cut " KEY " NOT NULL,"
    " kind TEXT NOT NULL,"    /* bridge, sound_bridge */
    " place BIGINT NOT NULL," /* of the stretch; of the rendition's audio */
    " rendition " KEY " NOT NULL,"
    " name " KEY " NOT NULL," /* hash of the recipe */
    " facts TEXT,"            /* JSON, once the file is there */
    " PRIMARY KEY (cut, kind, place, rendition));"
    "CREATE INDEX cut_file_name ON cut_file (name);"

    "CREATE TABLE restricted ("
    " asset " KEY " NOT NULL,"
    " place BIGINT NOT NULL,"
    " range_in BIGINT NOT NULL,"
    " range_out BIGINT NOT NULL,"
    " reason TEXT NOT NULL,"
    " territories TEXT NOT NULL," /* JSON: ISO 3166-1 codes; empty: everywhere */
    " PRIMARY KEY (asset, place));"

    "ALTER TABLE job ADD COLUMN cut " KEY ";"
    "CREATE INDEX job_cut ON job (cut, kind, state);"

    /* A publication shows an asset or a cut. */
    "ALTER TABLE publication RENAME TO publication_of_assets;"
    "CREATE TABLE publication ("
    " id " KEY " PRIMARY KEY,"
    " asset " KEY ","
    " cut " KEY ","
    " title " KEY ","
    " state TEXT NOT NULL," /* making, live, gone */
    " created_ms BIGINT NOT NULL,"
    " gone_ms BIGINT);"
    "INSERT INTO publication (id, asset, title, state, created_ms, gone_ms)"
    " SELECT id, asset, title, state, created_ms, gone_ms FROM publication_of_assets;"
    "DROP TABLE publication_of_assets;"
    "CREATE INDEX publication_asset ON publication (asset, state);"
    "CREATE INDEX publication_cut ON publication (cut, state);"
    "CREATE INDEX publication_title ON publication (title, state);"
    "CREATE INDEX publication_state ON publication (state, id);";

static const char third[] =
    "ALTER TABLE publication ADD COLUMN chapters BIGINT NOT NULL DEFAULT 0;" /* 1: it has some */
    /* words at instants of a cut: JSON as docs/formats/api has it; a null where there are none */
    "ALTER TABLE cut ADD COLUMN markers TEXT;"
    "ALTER TABLE cut_asset ADD COLUMN drop_frame BIGINT NOT NULL DEFAULT 0;"; /* start_frame's count
                                                                               */

/* How a cut is built is the editor's choice, and no part of the edit. */
static const char fourth[] = "ALTER TABLE cut ADD COLUMN choice TEXT;";

/* Whether a cut is what its list says, and how often it was built because it was not. */
static const char fifth[] = "CREATE TABLE cut_verify ("
                            " cut " KEY " NOT NULL,"
                            " place BIGINT NOT NULL," /* of the rendition in the cut's list */
                            " rendition " KEY " NOT NULL,"
                            " media TEXT NOT NULL,"
                            " begun_ms BIGINT NOT NULL,"
                            " ended_ms BIGINT,"
                            " faults BIGINT,"   /* how many were found, once it has ended */
                            " result TEXT,"     /* JSON: jobs.md "verify" */
                            " error_code TEXT," /* it could not be looked at */
                            " error_text TEXT,"
                            " PRIMARY KEY (cut, place));"
                            "ALTER TABLE cut ADD COLUMN rebuilt BIGINT NOT NULL DEFAULT 0;";

/* A cut as one ordinary MP4, of one rung each. */
static const char sixth[] = "CREATE TABLE flat ("
                            " cut " KEY " NOT NULL,"
                            " place BIGINT NOT NULL," /* the rung's number, and the job's place */
                            " name " KEY " NOT NULL," /* hash of the recipe */
                            " estimate BIGINT NOT NULL," /* bytes, before it is made */
                            " facts TEXT,"               /* JSON, once the file is there */
                            " error_code TEXT,"
                            " error_text TEXT,"
                            " asked_ms BIGINT NOT NULL," /* when somebody wanted it last */
                            " made_ms BIGINT,"
                            " PRIMARY KEY (cut, place));"
                            "CREATE INDEX flat_name ON flat (name);";

/* How many bytes of an upload are there for good; null: as many as its file has, as was kept
 * before. */
static const char seventh[] = "ALTER TABLE upload ADD COLUMN kept BIGINT;";

const struct migration migrations[] = {
    { 1, "titles, assets, jobs, publications", first },
    { 2, "compositions", second },
    { 3, "markers and chapters", third },
    { 4, "how a cut is built", fourth },
    { 5, "compositions verified", fifth },
    { 6, "compositions as one file", sixth },
    { 7, "uploads across a failure of power", seventh },
};
const int migration_count = sizeof(migrations) / sizeof(migrations[0]);
