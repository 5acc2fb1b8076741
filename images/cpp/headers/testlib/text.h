/* SPDX-License-Identifier: MIT */
/* Text and numbers: what messages are made with, and compared by. */
#pragma once

#define TESTLIB_FORMAT(at) __attribute__((format(printf, at, at + 1)))

inline std::string testlib_format(const char *text, va_list values)
{
    va_list again;
    va_copy(again, values);
    const int length = std::vsnprintf(nullptr, 0, text, again);
    va_end(again);
    if (length < 0)
        return text;
    std::string made(static_cast<size_t>(length) + 1, '\0');
    std::vsnprintf(&made[0], made.size(), text, values);
    made.pop_back();
    return made;
}

/* `made` is what is printed by the arguments from `last` on. */
#define TESTLIB_PRINT(made, last)                                                                  \
    va_list testlib_values;                                                                        \
    va_start(testlib_values, last);                                                                \
    const std::string made = testlib_format(last, testlib_values);                                 \
    va_end(testlib_values)

TESTLIB_FORMAT(1) inline std::string format(const char *text, ...)
{
    TESTLIB_PRINT(made, text);
    return made;
}

template <typename T> std::string vtos(const T &value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}

template <typename T> std::string toString(const T &value) { return vtos(value); }

inline bool isEof(int c) { return c == EOF; }
inline bool isEoln(int c) { return c == '\n' || c == '\r'; }
inline bool isBlanks(int c) { return isEoln(c) || c == ' ' || c == '\t'; }

inline std::string trim(const std::string &s)
{
    size_t from = 0, to = s.size();
    while (from < to && isBlanks(s[from]))
        from++;
    while (from < to && isBlanks(s[to - 1]))
        to--;
    return s.substr(from, to - from);
}

inline std::string upperCase(std::string s)
{
    for (char &c : s)
        if ('a' <= c && c <= 'z')
            c = static_cast<char>(c - 'a' + 'A');
    return s;
}

inline std::string lowerCase(std::string s)
{
    for (char &c : s)
        if ('A' <= c && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return s;
}

/* Beginning and end of what is too long for a message. */
inline std::string compress(const std::string &s)
{
    const size_t most = 64, head = 30, tail = 31;
    if (s.size() <= most)
        return s;
    return s.substr(0, head) + "..." + s.substr(s.size() - tail);
}

inline std::string englishEnding(int number)
{
    const int two = number % 100, one = two % 10;
    if (two / 10 == 1 || one == 0 || one > 3)
        return "th";
    return one == 1 ? "st" : one == 2 ? "nd" : "rd";
}

template <typename Iterator>
std::string join(Iterator first, Iterator last, const std::string &separator)
{
    std::ostringstream out;
    for (bool is_first = true; first != last; ++first, is_first = false)
        out << (is_first ? "" : separator) << *first;
    return out.str();
}

template <typename Iterator> std::string join(Iterator first, Iterator last, char separator = ' ')
{
    return join(first, last, std::string(1, separator));
}

template <typename Collection>
std::string join(const Collection &all, const std::string &separator)
{
    return join(all.begin(), all.end(), separator);
}

template <typename Collection> std::string join(const Collection &all, char separator = ' ')
{
    return join(all, std::string(1, separator));
}

/* At each of `separators`; parts may be empty. */
inline std::vector<std::string> split(const std::string &s, const std::string &separators)
{
    std::vector<std::string> parts(1);
    for (const char c : s)
        if (separators.find(c) != std::string::npos)
            parts.emplace_back();
        else
            parts.back() += c;
    return parts;
}

inline std::vector<std::string> split(const std::string &s, char separator)
{
    return split(s, std::string(1, separator));
}

/* The same without empty parts. */
inline std::vector<std::string> tokenize(const std::string &s, const std::string &separators)
{
    std::vector<std::string> parts = split(s, separators), kept;
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(kept),
                 [](const std::string &part) { return !part.empty(); });
    return kept;
}

inline std::vector<std::string> tokenize(const std::string &s, char separator)
{
    return tokenize(s, std::string(1, separator));
}

template <typename Iterator> void println(Iterator first, Iterator last)
{
    std::cout << join(first, last) << '\n';
}

template <typename T> void println(const T &value) { std::cout << value << '\n'; }

/* Whether `found` is as good as `expected`, absolutely or relatively. */
inline bool doubleCompare(double expected, double found, double most)
{
    most += 1E-15;
    if (std::isnan(expected) || std::isnan(found))
        return std::isnan(expected) && std::isnan(found);
    if (std::isinf(expected) || std::isinf(found))
        return expected == found;
    if (std::fabs(found - expected) <= most)
        return true;
    const double one = expected * (1 - most), other = expected * (1 + most);
    return std::min(one, other) <= found && found <= std::max(one, other);
}

/* How far `found` is off: the smaller of its absolute and its relative error. */
inline double doubleDelta(double expected, double found)
{
    const double off = std::fabs(found - expected);
    return std::fabs(expected) > 1E-9 ? std::min(off, std::fabs(off / expected)) : off;
}
