/* SPDX-License-Identifier: MIT */
/* How a checker says what it found: a word and a message on stderr, and an exit code. */
#pragma once

enum { TESTLIB_POINTS_EXIT_CODE = 7 };

struct testlib_state {
    bool is_interactor = false;
    bool has_said = false;
    int test_case = 0;
};
inline testlib_state testlib;

inline void setTestCase(int number) { testlib.test_case = number; }
inline void unsetTestCase() { testlib.test_case = 0; }
TESTLIB_FORMAT(1) inline void setName(const char *, ...) {}

[[noreturn]] inline void testlib_exit(int code, const std::string &word, const std::string &message)
{
    testlib.has_said = true;
    const std::string where =
        testlib.test_case > 0 ? format("[test case %d] ", testlib.test_case) : "";
    std::cout.flush();
    tout.flush();
    std::fprintf(stderr, "%s %s%s\n", word.c_str(), where.c_str(), message.c_str());
    std::exit(code);
}

/* Where the output is right, there is to be no more of it. */
inline void testlib_no_more()
{
    if (!testlib.is_interactor && !ouf.seekEof())
        testlib_exit(_dirt, "wrong output format", "Extra information in the output file");
}

inline void InStream::quit(TResult result, const std::string &message)
{
    if (mode != _output && result != _fail) /* nothing that the submission could help */
        testlib_exit(_fail, "FAIL", message + " (" + name + ")");
    if (result == _ok || result >= _partially)
        testlib_no_more();
    switch (result) {
    case _ok:
        testlib_exit(_ok, "ok", message);
    case _wa:
        testlib_exit(_wa, "wrong answer", message);
    case _pe:
    case _dirt:
        testlib_exit(result, "wrong output format", message);
    case _unexpected_eof:
        testlib_exit(_unexpected_eof, "unexpected eof", message);
    case _fail:
        testlib_exit(_fail, "FAIL", message);
    default:
        break;
    }
    if (result < _partially)
        testlib_exit(_fail, "FAIL", "quit with points: use quitp");
    testlib_exit(TESTLIB_POINTS_EXIT_CODE, format("points %d", result - _partially), message);
}

inline void InStream::quitf(TResult result, const char *text, ...)
{
    TESTLIB_PRINT(message, text);
    quit(result, message);
}

inline void InStream::quitif(bool condition, TResult result, const char *text, ...)
{
    if (!condition)
        return;
    TESTLIB_PRINT(message, text);
    quit(result, message);
}

[[noreturn]] inline void quit(TResult result, const std::string &message)
{
    ouf.quit(result, message);
}

[[noreturn]] TESTLIB_FORMAT(2) inline void quitf(TResult result, const char *text, ...)
{
    TESTLIB_PRINT(message, text);
    quit(result, message);
}

TESTLIB_FORMAT(3) inline void quitif(bool condition, TResult result, const char *text, ...)
{
    if (!condition)
        return;
    TESTLIB_PRINT(message, text);
    quit(result, message);
}

[[noreturn]] inline void testlib_points(double points, const std::string &message)
{
    if (std::isnan(points) || std::isinf(points))
        testlib_exit(_fail, "FAIL", "quitp: points are to be a finite number");
    testlib_no_more();
    testlib_exit(TESTLIB_POINTS_EXIT_CODE, format("points %.10f", points), message);
}

[[noreturn]] inline void quitp(double points, const std::string &message = "")
{
    testlib_points(points, message);
}

template <typename Number> [[noreturn]] void quitp(Number points, const char *text, ...)
{
    TESTLIB_PRINT(message, text);
    testlib_points(static_cast<double>(points), message);
}

#define ensure(condition) testlib_ensure((condition), "Condition failed: \"" #condition "\"")

inline void testlib_ensure(bool holds, const std::string &message)
{
    if (!holds)
        quit(_fail, message);
}

TESTLIB_FORMAT(2) inline void ensuref(bool holds, const char *text, ...)
{
    if (holds)
        return;
    TESTLIB_PRINT(message, text);
    quit(_fail, message);
}

template <typename T>
[[noreturn]] void expectedButFound(TResult result, const T &expected, const T &found,
                                   const char *text = "", ...)
{
    TESTLIB_PRINT(before, text);
    quit(result, (before.empty() ? "" : before + ": ") + "expected '" +
                     compress(vtos(expected)) + "', but found '" + compress(vtos(found)) + "'");
}
