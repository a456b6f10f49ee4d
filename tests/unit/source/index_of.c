/* index_of SOURCE INDEX - write the packet index of a file: how the corpus of fuzz/packet_index was
 * made. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "opened.h"

int main(int argc, char **argv)
{
    struct spn_error err = { 0 };
    struct opened opened;
    off_t from = 0, size;
    int fd, ret;

    av_log_set_level(AV_LOG_QUIET);
    if (argc != 3 || opened_init(&opened, argv[1], NULL, &err) < 0) {
        fprintf(stderr, "index_of: %s\n", argc == 3 ? err.text : "SOURCE INDEX are wanted");
        return 1;
    }
    size = lseek(opened.index_fd, 0, SEEK_END);
    fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ret = fd >= 0 && sendfile(fd, opened.index_fd, &from, (size_t)size) == size ? 0 : 1;
    if (fd >= 0)
        close(fd);
    opened_finish(&opened);
    return ret;
}
