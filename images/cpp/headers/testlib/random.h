/* SPDX-License-Identifier: MIT */
/* Random numbers for interactors: the same ones each time, but not testlib's. */
#pragma once

class random_t {
public:
    void setSeed(std::uint64_t seed) { state_ = seed; }

    /* From 0 up to, and without, `n`. */
    long long next(long long n) { return next(0LL, n - 1); }
    int next(int n) { return static_cast<int>(next(static_cast<long long>(n))); }

    /* From `least` to `most`, both included. */
    long long next(long long least, long long most)
    {
        if (most < least)
            throw std::invalid_argument("rnd.next: an empty range");
        const std::uint64_t span =
            static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least) + 1;
        return static_cast<long long>(static_cast<std::uint64_t>(least) +
                                      (span == 0 ? draw() : draw() % span));
    }
    int next(int least, int most)
    {
        return static_cast<int>(next(static_cast<long long>(least), static_cast<long long>(most)));
    }

    /* From 0 up to, and without, 1. */
    double next() { return static_cast<double>(draw() >> 11) * 0x1p-53; }

    template <typename Collection> const typename Collection::value_type &any(const Collection &all)
    {
        return *std::next(all.begin(), next(static_cast<long long>(all.size())));
    }

    template <typename Iterator> void shuffle(Iterator first, Iterator last)
    {
        for (long long left = last - first; left > 1; left--)
            std::iter_swap(first + (left - 1), first + next(left));
    }

    template <typename Number> std::vector<Number> perm(Number size, Number first = 0)
    {
        std::vector<Number> all;
        for (Number number = 0; number < size; number++)
            all.push_back(first + number);
        shuffle(all.begin(), all.end());
        return all;
    }

private:
    std::uint64_t state_ = 3905348978240129619ULL;

    /* splitmix64. */
    std::uint64_t draw()
    {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
};

inline random_t rnd;

template <typename Iterator> void shuffle(Iterator first, Iterator last)
{
    rnd.shuffle(first, last);
}
