#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    setlocale(LC_ALL, "");
    printf("%zu characters\n", mbstowcs(NULL, "世界☃🚀", 0));
    return 0;
}
