/* SPDX-License-Identifier: MIT */
/* Reading: what is not as wanted is the output's fault, or else the test's. */
#pragma once

inline void InStream::refuse(const char *kind, const std::string &what, const std::string &found,
                             const std::string &wanted)
{
    const std::string named = what.empty() ? "" : " [name=" + what + "]";
    quit(_wa, std::string(kind) + " parameter" + named + " equals to " + compress(found) +
                  ", violates " + wanted);
}

template <typename T>
T InStream::within(const char *kind, T value, T least, T most, const std::string &what)
{
    if (!(least <= value && value <= most))
        refuse(kind, what, vtos(value), "the range [" + vtos(least) + ", " + vtos(most) + "]");
    return value;
}

template <typename T, typename Read>
std::vector<T> InStream::several(int size, const std::string &what, int first, Read read)
{
    std::vector<T> values;
    for (int number = 0; number < size; number++)
        values.push_back(
            read(what.empty() ? what : what + "[" + std::to_string(first + number) + "]"));
    return values;
}

inline char InStream::readChar()
{
    const int c = nextChar();
    if (isEof(c))
        quit(_unexpected_eof, "Unexpected end of file");
    return static_cast<char>(c);
}

inline char InStream::readChar(char wanted)
{
    const char c = readChar();
    if (c != wanted)
        quit(_pe, format("Unexpected character #%d, but #%d expected", c, wanted));
    return c;
}

inline bool InStream::eoln()
{
    const int c = nextChar();
    if (isEof(c) || c == '\n') {
        if (isEof(c) || strict)
            unreadChar(c);
        return true;
    }
    if (c == '\r' && curChar() == '\n') {
        skipChar();
        if (strict) {
            unreadChar('\n');
            unreadChar('\r');
        }
        return true;
    }
    unreadChar(c);
    return false;
}

inline void InStream::readEoln()
{
    if (!eoln())
        quit(_pe, "Expected EOLN");
    if (strict)
        skipChar();
}

inline void InStream::readEof()
{
    if (!eof())
        quit(_pe, "Expected EOF");
}

inline std::string InStream::readToken()
{
    if (!strict)
        skipBlanks();
    std::string token;
    for (int c = nextChar();; c = nextChar()) {
        if (isEof(c) || isBlanks(c)) {
            unreadChar(c);
            break;
        }
        token += static_cast<char>(c);
    }
    if (token.empty())
        quit(_unexpected_eof, "Unexpected end of file - token expected");
    return token;
}

inline std::string InStream::readToken(const pattern &wanted, const std::string &what)
{
    std::string token = readToken();
    if (!wanted.matches(token))
        refuse("Token", what, "'" + compress(token) + "'", "the pattern '" + wanted.src() + "'");
    return token;
}

inline std::string InStream::readString()
{
    if (eof() && !is_empty_) /* an empty file has an empty line */
        quit(_unexpected_eof, "Expected line");
    std::string line;
    while (!isEof(curChar()) && !isEoln(curChar()))
        line += readChar();
    if (curChar() == '\r')
        skipChar();
    if (curChar() == '\n')
        skipChar();
    return line;
}

inline std::string InStream::readString(const pattern &wanted, const std::string &what)
{
    std::string line = readString();
    if (!wanted.matches(line))
        refuse("Line", what, "'" + compress(line) + "'", "the pattern '" + wanted.src() + "'");
    return line;
}

/* Digits as they are written by most: no plus, no zeros in front, no -0. */
inline bool testlib_is_integer(const std::string &token)
{
    const size_t first = !token.empty() && token[0] == '-' ? 1 : 0;
    if (token.size() == first || (token[first] == '0' && token.size() > 1))
        return false;
    return std::all_of(token.begin() + static_cast<std::ptrdiff_t>(first), token.end(),
                       [](char c) { return '0' <= c && c <= '9'; });
}

inline long long stringToLongLong(InStream &in, const std::string &token)
{
    errno = 0;
    const long long value = std::strtoll(token.c_str(), nullptr, 10);
    if (!testlib_is_integer(token) || errno == ERANGE)
        in.quit(_pe, "Expected integer, but '" + compress(token) + "' found");
    return value;
}

inline long long InStream::readLong() { return stringToLongLong(*this, readToken()); }

inline long long InStream::readLong(long long least, long long most, const std::string &what)
{
    return within("Integer", readLong(), least, most, what);
}

inline unsigned long long InStream::readUnsignedLong()
{
    const std::string token = readToken();
    errno = 0;
    const unsigned long long value = std::strtoull(token.c_str(), nullptr, 10);
    if (!testlib_is_integer(token) || token[0] == '-' || errno == ERANGE)
        quit(_pe, "Expected unsigned integer, but '" + compress(token) + "' found");
    return value;
}

inline unsigned long long InStream::readUnsignedLong(unsigned long long least,
                                                     unsigned long long most,
                                                     const std::string &what)
{
    return within("Unsigned integer", readUnsignedLong(), least, most, what);
}

inline int InStream::readInt()
{
    const long long value = readLong();
    if (value < INT_MIN || value > INT_MAX)
        quit(_pe, "Expected int32, but '" + std::to_string(value) + "' found");
    return static_cast<int>(value);
}

inline int InStream::readInt(int least, int most, const std::string &what)
{
    return within("Integer", readInt(), least, most, what);
}

inline double stringToDouble(InStream &in, const std::string &token)
{
    char *end = nullptr;
    const double value = std::strtod(token.c_str(), &end);
    /* Neither nan nor inf nor 0x1p3, which strtod takes. */
    if (token.find_first_not_of("0123456789+-.eE") != std::string::npos || *end != '\0' ||
        std::isinf(value))
        in.quit(_pe, "Expected double, but '" + compress(token) + "' found");
    return value;
}

inline double InStream::readDouble() { return stringToDouble(*this, readToken()); }

inline double InStream::readDouble(double least, double most, const std::string &what)
{
    return within("Double", readDouble(), least, most, what);
}

inline double InStream::readStrictDouble(double least, double most, int fewest, int most_digits,
                                         const std::string &what)
{
    const std::string token = readToken();
    const size_t point = token.find('.');
    const std::string whole = token.substr(0, point);
    const std::string digits = point == std::string::npos ? "" : token.substr(point + 1);
    const int count = static_cast<int>(digits.size());
    const bool is_plain = testlib_is_integer(whole == "-0" ? "0" : whole) &&
                          digits.find_first_not_of("0123456789") == std::string::npos &&
                          (point == std::string::npos || count > 0);
    if (!is_plain || count < fewest || count > most_digits)
        quit(_pe, format("Expected strict double with %d to %d digits after point, but '%s' found",
                         fewest, most_digits, compress(token).c_str()));
    return within("Strict double", std::strtod(token.c_str(), nullptr), least, most, what);
}

inline std::vector<int> InStream::readInts(int size, int least, int most, const std::string &what,
                                           int first)
{
    return several<int>(size, what, first,
                        [&](const std::string &each) { return readInt(least, most, each); });
}

inline std::vector<int> InStream::readInts(int size, const std::string &what, int first)
{
    return several<int>(size, what, first, [&](const std::string &) { return readInt(); });
}

inline std::vector<long long> InStream::readLongs(int size, long long least, long long most,
                                                  const std::string &what, int first)
{
    return several<long long>(
        size, what, first, [&](const std::string &each) { return readLong(least, most, each); });
}

inline std::vector<long long> InStream::readLongs(int size, const std::string &what, int first)
{
    return several<long long>(size, what, first, [&](const std::string &) { return readLong(); });
}

inline std::vector<double> InStream::readDoubles(int size, double least, double most,
                                                 const std::string &what, int first)
{
    return several<double>(
        size, what, first, [&](const std::string &each) { return readDouble(least, most, each); });
}

inline std::vector<double> InStream::readDoubles(int size, const std::string &what, int first)
{
    return several<double>(size, what, first, [&](const std::string &) { return readDouble(); });
}

inline std::vector<std::string> InStream::readTokens(int size, const std::string &what, int first)
{
    return several<std::string>(size, what, first,
                                [&](const std::string &) { return readToken(); });
}

inline std::vector<std::string> InStream::readTokens(int size, const pattern &wanted,
                                                     const std::string &what, int first)
{
    return several<std::string>(
        size, what, first, [&](const std::string &each) { return readToken(wanted, each); });
}

inline std::vector<std::string> InStream::readStrings(int size, const std::string &what, int first)
{
    return several<std::string>(size, what, first,
                                [&](const std::string &) { return readString(); });
}
