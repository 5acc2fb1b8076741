#include "text/greeting.h"

int main(void) {
    greet("files");
    return 0;
}
