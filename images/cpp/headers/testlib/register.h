/* SPDX-License-Identifier: MIT */
/* The beginning: which files there are. */
#pragma once

/* A checker that comes to its end without a word has not said that all is well. */
inline void testlib_says_something()
{
    if (testlib.has_said)
        return;
    std::fputs("FAIL It ended without quit\n", stderr);
    std::fflush(nullptr);
    std::_Exit(_fail);
}

inline void testlib_begin(int argc, int least, const char *usage)
{
    std::atexit(testlib_says_something);
    ouf.mode = _output;
    if (argc < least)
        quit(_fail, std::string("Arguments are: ") + usage);
}

inline void registerTestlibCmd(int argc, char *argv[])
{
    testlib_begin(argc, 4, "input output answer");
    inf.init(std::string(argv[1]), _input);
    ouf.init(std::string(argv[2]), _output);
    ans.init(std::string(argv[3]), _answer);
}

inline void registerInteraction(int argc, char *argv[])
{
    testlib_begin(argc, 3, "input output [answer]");
    testlib.is_interactor = true;
    inf.init(std::string(argv[1]), _input);
    ouf.init(stdin, _output);
    tout.open(argv[2], std::ios_base::out);
    if (tout.fail())
        quit(_fail, std::string("Can't write ") + argv[2]);
    if (argc > 3)
        ans.init(std::string(argv[3]), _answer);
}
