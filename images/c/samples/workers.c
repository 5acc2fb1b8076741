#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, NUMBERS = 1000000 };

static void *sum(void *first) {
    static long long sums[THREADS];
    long start = (long)first;
    for (long n = start; n < NUMBERS; n += THREADS) {
        sums[start] += n;
    }
    return &sums[start];
}

int main(void) {
    pthread_t threads[THREADS];
    long long total = 0;
    for (long i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, sum, (void *)i);
    }
    for (int i = 0; i < THREADS; i++) {
        void *part;
        pthread_join(threads[i], &part);
        total += *(long long *)part;
    }
    printf("%d workers: %lld\n", THREADS, total);
    return 0;
}
