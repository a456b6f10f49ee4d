/*
 * owner.h - as whom Sampan runs: the owner of the data directory, never root.
 */
#ifndef CLI_OWNER_H
#define CLI_OWNER_H

#include "settings.h"

/*
 * Make the data directory where it is missing, and, started by root, go on as its owner. A missing
 * one is made for settings->user, else for the user sampan, else for nobody; so is an empty one
 * that belongs to root. SPN_EACCES: it belongs to root and something is in it, or the owner cannot
 * use it.
 */
int owner_become(const struct settings *settings, struct spn_error *err);

#endif
