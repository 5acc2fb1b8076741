/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"

/* As in <linux/capability.h>, which not every libc's include path has. */
enum { CAPABILITY_VERSION_3 = 0x20080522, CAP_KILL = 5, CAP_SETGID = 6, CAP_SETUID = 7 };
#define AGENT_CAPABILITIES (1u << CAP_KILL | 1u << CAP_SETGID | 1u << CAP_SETUID)

struct capability_header {
    uint32_t version;
    int pid;
};

struct capability_sets {
    uint32_t effective;
    uint32_t permitted;
    uint32_t inheritable;
};

/* Sets permitted and effective to `wanted`, inheritable to none, and reads them back. */
static bool set_capabilities(uint32_t wanted)
{
    struct capability_header header = {.version = CAPABILITY_VERSION_3};
    struct capability_sets sets[2] = {{.effective = wanted, .permitted = wanted}};
    const struct capability_sets expected[2] = {sets[0], sets[1]};
    if (syscall(SYS_capset, &header, sets) != 0 || syscall(SYS_capget, &header, sets) != 0)
        return false;
    if (memcmp(sets, expected, sizeof sets) != 0) {
        errno = EPERM;
        return false;
    }
    return true;
}

/* Sets all uids and gids, and reads them back. Groups must be empty already. */
static bool set_ids(uid_t uid)
{
    gid_t gid = uid;
    uid_t uids[3];
    gid_t gids[3];
    if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        return false;
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
        getresgid(&gids[0], &gids[1], &gids[2]) != 0)
        return false;
    for (unsigned i = 0; i < 3; i++)
        if (uids[i] != uid || gids[i] != gid) {
            errno = EPERM;
            return false;
        }
    return getgroups(0, NULL) == 0;
}

void identity_drop(uid_t agent)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail_errno("no_new_privs");
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        fail_errno("keepcaps");
    if (setgroups(0, NULL) != 0)
        fail_errno("setgroups");
    if (!set_ids(agent))
        fail_errno("agent uid");
    if (!set_capabilities(AGENT_CAPABILITIES))
        fail_errno("agent capabilities");
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
        fail_errno("keepcaps");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        fail_errno("dumpable");
}

bool identity_become(uid_t uid)
{
    return set_ids(uid) && set_capabilities(0);
}

void identity_use_for_files(uid_t uid)
{
    /* Both return the value before, whether or not they worked: ask again. */
    setfsgid(uid);
    setfsuid(uid);
    if ((uid_t)setfsuid((uid_t)-1) != uid || (gid_t)setfsgid((gid_t)-1) != uid)
        fail("file uid: not permitted");
}
