/*
 * syscalls.c - the list. What is on none of the tables ends the process.
 *
 * Two rules depend on arguments a filter can see: memory is never executable, and clone makes
 * threads only. clone3 keeps its arguments in memory, where a filter cannot look, so it is answered
 * as if the kernel were too old and glibc falls back to clone. The same holds for newfstatat, by
 * which glibc asks after an open descriptor: only AT_EMPTY_PATH passes, so that the least that
 * could be learnt is how long a file is whose name was guessed.
 */
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

static const int allowed[] = {
    /* descriptors that are open */
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(preadv),
    CALL(write),
    CALL(writev),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(lseek),
    CALL(fstat),
    CALL(close),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fadvise64),
    CALL(fsync),
    CALL(fdatasync),
    CALL(poll),
    /* memory (mmap, mprotect: below) */
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(brk),
    /* threads and time (clone: below) */
    CALL(futex),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(sched_getparam),
    CALL(sched_getscheduler),
    CALL(sched_get_priority_min),
    CALL(sched_get_priority_max),
    CALL(getcpu),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(times),
    CALL(getrusage),
    CALL(restart_syscall),
    CALL(membarrier),
    /* signals to itself (tgkill: below) */
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    /* who and where it is */
    CALL(getpid),
    CALL(gettid),
    CALL(getppid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(uname),
    CALL(sysinfo),
    CALL(getrandom),
    CALL(getrlimit),
    CALL(exit),
    CALL(exit_group),
};

static const struct {
    int answer; /* errno */
    int call;
} refused[] = {
    /* paths */
    { EACCES, CALL(open) },
    { EACCES, CALL(openat) },
    { EACCES, CALL(openat2) },
    { EACCES, CALL(creat) },
    { EACCES, CALL(access) },
    { EACCES, CALL(faccessat) },
    { EACCES, CALL(faccessat2) },
    { EACCES, CALL(stat) },
    { EACCES, CALL(lstat) },
    { EACCES, CALL(statx) },
    { EACCES, CALL(statfs) },
    { EACCES, CALL(readlink) },
    { EACCES, CALL(readlinkat) },
    { EACCES, CALL(getcwd) },
    { EACCES, CALL(chdir) },
    { EACCES, CALL(getdents64) },
    { EACCES, CALL(unlink) },
    { EACCES, CALL(unlinkat) },
    { EACCES, CALL(rename) },
    { EACCES, CALL(renameat) },
    { EACCES, CALL(renameat2) },
    { EACCES, CALL(mkdir) },
    { EACCES, CALL(mkdirat) },
    { EACCES, CALL(rmdir) },
    { EACCES, CALL(link) },
    { EACCES, CALL(linkat) },
    { EACCES, CALL(symlink) },
    { EACCES, CALL(symlinkat) },
    { EACCES, CALL(truncate) },
    { EACCES, CALL(chmod) },
    { EACCES, CALL(fchmod) },
    { EACCES, CALL(fchmodat) },
    { EACCES, CALL(chown) },
    { EACCES, CALL(fchown) },
    { EACCES, CALL(fchownat) },
    { EACCES, CALL(utimensat) },
    { EACCES, CALL(memfd_create) },
    /* processes */
    { EPERM, CALL(fork) },
    { EPERM, CALL(vfork) },
    { ENOSYS, CALL(clone3) },
    /* what libraries try and live without */
    { ENOTTY, CALL(ioctl) },
    { EPERM, CALL(sched_setaffinity) },
    { EPERM, CALL(sched_setscheduler) },
    { EPERM, CALL(sched_setparam) },
    { EPERM, CALL(getpriority) },
    { EPERM, CALL(setpriority) },
    { ENOSYS, CALL(get_mempolicy) },
    { ENOSYS, CALL(set_mempolicy) },
    { ENOSYS, CALL(mbind) },
    { EPERM, CALL(mlock) },
    { EPERM, CALL(mlockall) },
};

static int rules_add(scmp_filter_ctx filter)
{
    const unsigned thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    int ret = 0;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed) && ret == 0; i++)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused) && ret == 0; i++)
        ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)refused[i].answer), refused[i].call,
                               0);
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mmap), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), CALL(mmap), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mprotect), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), CALL(mprotect), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), CALL(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(tgkill), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(newfstatat), 1,
                               SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), CALL(newfstatat), 1,
                               SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prctl), 1,
                               SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    if (ret == 0)
        ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), CALL(prctl), 1,
                               SCMP_A0(SCMP_CMP_NE, PR_SET_NAME));
    if (ret == 0) /* getrlimit, of itself */
        ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
                               SCMP_A2(SCMP_CMP_EQ, 0));
    if (ret == 0)
        ret =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFL));
    if (ret == 0)
        ret =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFD));
    return ret;
}

int syscalls_confine(struct spn_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int ret;

    if (!filter)
        return spn_error_set(err, SPN_ENOMEM, "no memory for the system call filter");
    /* the system calls of another architecture are not on the list either */
    ret = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (ret == 0)
        ret = rules_add(filter);
    if (ret == 0)
        ret = seccomp_load(filter);
    seccomp_release(filter);
    if (ret < 0)
        return spn_error_set(err, SPN_EUNSUPPORTED,
                             "this system gives no seccomp filter, without which no file is read: "
                             "%s; run on a kernel with CONFIG_SECCOMP_FILTER",
                             strerror(-ret));
    return SPN_OK;
}
