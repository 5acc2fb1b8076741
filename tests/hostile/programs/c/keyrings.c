/*
 * Class: keyrings
 * Attacks: the kernel's keys, which are kept per uid, for the whole machine, whatever container a
 *   process is in: leaving a message for others, using up the uid's share, calling /sbin/request-key.
 * Invariant: no program leaves a thing in the kernel that outlives it or that others see: EPERM.
 * Allowed: accepted
 * With: attack.h
 * Tries: 11
 * Bites: add_key to the user's keyring
 */
#include "attack.h"

#include <linux/keyctl.h>

int main(void)
{
    static const int rings[] = {KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING,
                                KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING};
    static const char *const names[] = {"thread", "process", "session", "user"};
    char what[64];
    for (int i = 0; i < 4; i++) {
        snprintf(what, sizeof what, "add_key to the %s's keyring", names[i]);
        REFUSED(what, syscall(SYS_add_key, "user", "message", "hello", 5, rings[i]), EPERM);
    }
    REFUSED("join a session by name", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "shared"), EPERM);
    REFUSED("the session's number", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1),
            EPERM);
    REFUSED("the user's number", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1), EPERM);
    REFUSED("the persistent one", syscall(SYS_keyctl, 22, -1, KEY_SPEC_PROCESS_KEYRING), EPERM);
    REFUSED("a helper of the machine's", syscall(SYS_request_key, "user", "a:b", "callout", 0), EPERM);
    REFUSED("reading a key", syscall(SYS_keyctl, KEYCTL_READ, KEY_SPEC_USER_KEYRING, what, 8), EPERM);
    REFUSED("a watch", syscall(SYS_keyctl, 32, 0, -1, 0), EPERM);
    return the_end();
}
