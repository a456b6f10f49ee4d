/*
 * run_once.h - a program that is run to its end, and what it said.
 */
#ifndef CLI_RUN_ONCE_H
#define CLI_RUN_ONCE_H

#include "sampan/buffer.h"
#include "sampan/error.h"

#define RUN_ONCE_MAX (1u << 20) /* bytes of what it says */

/*
 * Run argv (argv[0] a path, ended by NULL) with input on its standard input; what it writes to
 * standard output and error is appended to out. *status as waitpid has it. It is killed after
 * timeout_s.
 */
int run_once(char *const argv[], const char *input, int timeout_s, struct spn_buffer *out,
             int *status, struct spn_error *err);

#endif
