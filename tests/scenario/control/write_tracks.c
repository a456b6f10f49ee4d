/* write_tracks.c - DIR/v0 and DIR/a0: small real track files for the API's tests. */
#include <stdio.h>

#include "../../unit/track/made.h"
#include "sampan/file.h"

static int track_write(const char *dir, const char *name, enum spn_codec codec)
{
    struct spn_error err = { 0 };
    struct made made;
    char path[4096];
    int ret;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    made_init(&made, codec);
    made_file(&made);
    ret = spn_file_put(dir, path, 0644, made.file.data, made.file.size, &err);
    made_finish(&made);
    if (ret < 0)
        (void)fprintf(stderr, "write_tracks: %s\n", err.text);
    return ret;
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        return 2;
    return track_write(argv[1], "v0", SPN_H264) < 0 || track_write(argv[1], "a0", SPN_AAC) < 0;
}
