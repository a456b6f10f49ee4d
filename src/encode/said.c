/* said.c - what FFmpeg says while something is decoded. */
#include "said.h"

#include <string.h>

#include <libavutil/log.h>

static struct said *listener;

static void heed(void *context, int level, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    av_log_default_callback(context, level, format, again);
    va_end(again);
    if (!listener || level > AV_LOG_WARNING)
        return;
    if (listener->count++ == 0) {
        int prefix = 0;

        av_log_format_line(context, level, format, args, listener->text, SAID_MAX, &prefix);
        listener->text[strcspn(listener->text, "\n")] = '\0';
    }
}

void said_begin(struct said *said)
{
    memset(said, 0, sizeof(*said));
    listener = said;
    av_log_set_callback(heed);
}

void said_end(void)
{
    listener = NULL;
    av_log_set_callback(av_log_default_callback);
}
