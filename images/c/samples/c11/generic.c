#include <stdio.h>

#define name(x) _Generic((x), int: "int", double: "double", default: "something else")

_Static_assert(__STDC_VERSION__ == 201112L, "this is C11");

int main(void) {
    printf("%s %s %s\n", name(1), name(1.5), name("text"));
    return 0;
}
