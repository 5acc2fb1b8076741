/*
 * Class: compile
 * Attacks: nothing yet: the run calls the compiler itself, to make a plugin for it that runs
 *   wrapper.sh, and prints it as base64. test_compile_attacks.py has the compiler load it.
 * Invariant: a run may use what is in its image, within its limits.
 * Allowed: accepted
 * Prints: f0VM[A-Za-z0-9+/\n]+=*\n
 */
#include <stdio.h>
#include <stdlib.h>

static const char plugin[] =
    "#include <stdlib.h>\n"
    "int plugin_is_GPL_compatible;\n"
    "int plugin_init(void *info, void *version) { return info == version; }\n"
    "__attribute__((constructor)) static void loaded(void)\n"
    "{ if (system(\"sh /build/wrapper.sh\") != 0) abort(); }\n";

int main(void)
{
    FILE *file = fopen("plugin.c", "w");
    if (file == NULL || fputs(plugin, file) < 0 || fclose(file) != 0)
        return 1;
    return system("gcc -shared -fPIC -s -o plugin.so plugin.c && base64 plugin.so") != 0;
}
