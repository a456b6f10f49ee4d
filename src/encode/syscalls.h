/*
 * syscalls.h - which system calls a confined sampan-media may make. See confine.h.
 */
#ifndef ENCODE_SYSCALLS_H
#define ENCODE_SYSCALLS_H

#include "sampan/error.h"

/* For this thread and all it will start; it cannot be undone. SPN_EUNSUPPORTED: no seccomp here. */
int syscalls_confine(struct spn_error *err);

#endif
