/* media_run.c - for tests: start sampan-media, give it a request, take its answers. */
#include "media_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A test that cannot make a pipe or a process cannot go on. */
static int must(int ret)
{
    if (ret < 0) {
        perror("media_run");
        abort();
    }
    return ret;
}

static void answers_read(FILE *from, struct media_run *out)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, from) > 0) {
        json_t *event = json_loads(line, 0, NULL);
        const char *kind = json_string_value(json_object_get(event, "event"));

        if (kind && strcmp(kind, "progress") == 0) {
            out->progress++;
            json_decref(event);
        } else {
            json_decref(out->answer);
            out->answer = event;
        }
    }
    free(line);
}

void media_run(const char *program, const char *operation, const json_t *request,
               struct media_run *out)
{
    char *text = json_dumps(request, 0);
    FILE *asked = tmpfile(); /* not a pipe: the request is whole before the program starts */
    int back[2], status;
    FILE *from;
    pid_t child;

    memset(out, 0, sizeof(*out));
    if (!text || !asked)
        abort();
    must(fputs(text, asked));
    must(fflush(asked));
    rewind(asked);
    must(pipe2(back, O_CLOEXEC));
    must(child = fork());
    if (child == 0) {
        must(dup2(fileno(asked), STDIN_FILENO));
        must(dup2(back[1], STDOUT_FILENO));
        execl(program, program, operation, (char *)NULL);
        _exit(127);
    }
    must(close(back[1]));
    from = fdopen(back[0], "r");
    if (!from)
        abort();
    answers_read(from, out);
    (void)fclose(from);
    (void)fclose(asked);
    free(text);
    must(waitpid(child, &status, 0));
    out->exited = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    out->signaled = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void media_run_finish(struct media_run *run)
{
    json_decref(run->answer);
    memset(run, 0, sizeof(*run));
}
