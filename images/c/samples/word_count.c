#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char word[64];
    int count;
};

static int by_count_then_word(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    return a->count != b->count ? b->count - a->count : strcmp(a->word, b->word);
}

int main(void) {
    struct entry *entries = NULL;
    size_t used = 0, room = 0, letters = 0;
    char word[64];

    while (scanf("%63s", word) == 1) {
        size_t i = 0;
        while (i < used && strcmp(entries[i].word, word) != 0) {
            i++;
        }
        if (i == used) {
            if (used == room) {
                room = room ? room * 2 : 4;
                entries = realloc(entries, room * sizeof *entries);
            }
            strcpy(entries[used].word, word);
            entries[used++].count = 0;
            letters += strlen(word);
        }
        entries[i].count++;
    }
    qsort(entries, used, sizeof *entries, by_count_then_word);
    for (size_t i = 0; i < used; i++) {
        printf("%s %d\n", entries[i].word, entries[i].count);
    }
    printf("%zu words, mean length %.2f\n", used, round(100.0 * letters / used) / 100);
    free(entries);
    return 0;
}
