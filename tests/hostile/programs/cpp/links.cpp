/*
 * Class: inodes, leftovers
 * Attacks: whoever walks the folders afterwards: links to themselves, in rings, to /, /proc and the
 *   agent; folders nobody can enter; a file with as many names as it may have.
 * Invariant: a folder's end is the sandbox's end; no link is followed.
 * Allowed: accepted
 * With: attack.h
 * Tries: 9
 */
#include "attack.h"

#include <filesystem>

namespace fs = std::filesystem;

static bool is_made(const char *to, const char *name)
{
    std::error_code error;
    fs::create_symlink(to, name, error);
    return !error;
}

int main()
{
    std::error_code error;
    WORKS("a link to itself", is_made("self", "self"));
    WORKS("a ring", is_made("ring2", "ring1") && is_made("ring1", "ring2"));
    WORKS("links out", is_made("/", "root") && is_made("/proc/1/root", "agent") && is_made("/proc/self", "proc"));
    WORKS("a link of 4095 bytes", is_made(std::string(4095, 'x').c_str(), "long"));
    REFUSED("following oneself", open("self", O_RDONLY), ELOOP);
    REFUSED("through the agent's root", open("agent/etc/passwd", O_RDONLY));
    REFUSED("a hard link to the agent", link("/sandbox/agent", "mine"), EXDEV, EPERM);
    int names = 0;
    close(creat("name", 0600));
    while (names < 100000 && link("name", ("name" + std::to_string(names)).c_str()) == 0)
        names++;
    WORKS("thousands of names, and no more", names > 1000 && names < 10000);
    for (int i = 0; i < names; i++)
        unlink(("name" + std::to_string(i)).c_str());
    fs::create_directories("a/b/c", error);
    fs::permissions("a/b", fs::perms::none, error);
    fs::permissions("a", fs::perms::none, error);
    WORKS("a folder that nobody enters", !error);
    return the_end();
}
