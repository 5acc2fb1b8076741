/*
 * Class: identity
 * Attacks: identities: root's, the agent's, the compiler's; groups and capabilities.
 * Invariant: a program has its own uid for good, and no capability: EPERM for each.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 166
 * Bites: setresuid: root
 */
#include "attack.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

/* How setfsuid says no: by not having changed it. */
static int file_uid(uid_t uid)
{
    setfsuid(uid);
    return (uid_t)setfsuid((uid_t)-1) == uid ? 0 : (errno = EPERM, -1);
}

static int raise_capability(unsigned capability, int inheritable)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    data[capability / 32].permitted = 1u << capability % 32;
    data[capability / 32].effective = inheritable ? 0 : 1u << capability % 32;
    data[capability / 32].inheritable = inheritable ? 1u << capability % 32 : 0;
    return (int)syscall(SYS_capset, &header, data);
}

static int has_line(const char *wanted)
{
    char line[256];
    int seen = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        seen |= strcmp(line, wanted) == 0;
    return seen;
}

int main(void)
{
    /* The uids of a sandbox are three in a row: agent, compile, run. */
    const uid_t others[] = {0, getuid() - 2, getuid() - 1, 65534};
    char what[64];
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        uid_t id = others[i];
        const char *whose[] = {"root", "agent", "compile", "nobody"};
#define AS(text) (snprintf(what, sizeof what, "%s: %s", text, whose[i]), what)
        REFUSED(AS("setuid"), setuid(id));
        REFUSED(AS("setreuid"), setreuid(id, id));
        REFUSED(AS("setresuid"), setresuid(id, id, id));
        REFUSED(AS("seteuid"), seteuid(id));
        REFUSED(AS("setfsuid"), file_uid(id));
        REFUSED(AS("setgid"), setgid(id));
        REFUSED(AS("setregid"), setregid(id, id));
        REFUSED(AS("setresgid"), setresgid(id, id, id));
        REFUSED(AS("setgroups"), setgroups(1, &(gid_t){id}));
    }
    for (unsigned capability = 0; capability <= 40; capability++) {
        snprintf(what, sizeof what, "capset %u", capability);
        REFUSED(what, raise_capability(capability, 0), EPERM);
        snprintf(what, sizeof what, "capset %u, inheritable", capability);
        REFUSED(what, raise_capability(capability, 1), EPERM);
        snprintf(what, sizeof what, "ambient capability %u", capability);
        REFUSED(what, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), EPERM);
    }
    REFUSED("securebits", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
    REFUSED("taking no_new_privs back", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    WORKS("no capabilities", has_line("CapEff:\t0000000000000000\n"));
    WORKS("none permitted", has_line("CapPrm:\t0000000000000000\n"));
    WORKS("no new privileges", has_line("NoNewPrivs:\t1\n"));
    WORKS("a filter", has_line("Seccomp:\t2\n"));
    WORKS("setuid to oneself", setresuid(getuid(), getuid(), getuid()) == 0);
    return the_end();
}
