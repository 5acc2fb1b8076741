#include <stdio.h>

[[nodiscard]] static int answer(void) {
    return 0b10'1010;
}

int main(void) {
    _Static_assert(__STDC_VERSION__ > 201710L, "this is C23");
    printf("%d %d\n", answer(), 100'000);
    return 0;
}
