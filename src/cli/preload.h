/*
 * preload.h - builds for tests: programs of others that load code of ours need the sanitizers'
 * libraries.
 */
#ifndef CLI_PRELOAD_H
#define CLI_PRELOAD_H

/*
 * In a build with AddressSanitizer or UBSan: have what is started from here on load their libraries
 * first (LD_PRELOAD), as nginx must to take our module. In any other build it does nothing.
 */
void preload_sanitizers(void);

#endif
