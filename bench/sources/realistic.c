#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words of a made-up text, counted in a hash table, then sorted by count. */
enum { BUCKETS = 1024, WORDS = 20000 };

typedef struct entry {
    char word[16];
    int count;
    struct entry *next;
} entry;

static entry *table[BUCKETS];
static entry *all[WORDS];
static int found;

static uint32_t hash(const char *word) {
    uint32_t value = 2166136261u;
    for (; *word; word++) value = (value ^ (unsigned char)*word) * 16777619u;
    return value;
}

static void count(const char *word) {
    entry **slot = &table[hash(word) % BUCKETS];
    for (entry *e = *slot; e; e = e->next) {
        if (strcmp(e->word, word) == 0) {
            e->count++;
            return;
        }
    }
    entry *fresh = calloc(1, sizeof *fresh);
    if (!fresh) exit(1);
    snprintf(fresh->word, sizeof fresh->word, "%s", word);
    fresh->count = 1;
    fresh->next = *slot;
    *slot = all[found++] = fresh;
}

static int by_count(const void *left, const void *right) {
    const entry *a = *(entry *const *)left, *b = *(entry *const *)right;
    return a->count != b->count ? b->count - a->count : strcmp(a->word, b->word);
}

int main(void) {
    uint32_t state = 42;
    for (int i = 0; i < WORDS; i++) {
        char word[16];
        state = state * 1664525u + 1013904223u;
        snprintf(word, sizeof word, "w%u", (state >> 16) % 700);
        count(word);
    }
    qsort(all, (size_t)found, sizeof *all, by_count);
    for (int i = 0; i < 5; i++) printf("%s %d\n", all[i]->word, all[i]->count);
    printf("%d words\n", found);
    return 0;
}
