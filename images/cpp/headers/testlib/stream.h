/* SPDX-License-Identifier: MIT */
/* What is read: the input, the submission's output, the answer. */
#pragma once

enum TResult {
    _ok = 0,
    _wa = 1,
    _pe = 2,
    _fail = 3,
    _dirt = 4,
    _points = 5,
    _unexpected_eof = 8,
    _partially = 16
};
#define _pc(share) (TResult(_partially + (share)))

enum TMode { _input, _output, _answer };

class InStream {
public:
    TMode mode = _input;
    bool strict = false;
    std::string name;

    InStream() = default;
    InStream(const InStream &) = delete;
    InStream &operator=(const InStream &) = delete;

    void init(const std::string &path, TMode what)
    {
        mode = what;
        name = path;
        file_ = std::fopen(path.c_str(), "rb");
        if (file_ == nullptr)
            quit(_fail, "Can't open " + path);
    }

    void init(std::FILE *file, TMode what)
    {
        mode = what;
        file_ = file;
    }

    [[noreturn]] void quit(TResult result, const std::string &message);
    [[noreturn]] void quitf(TResult result, const char *text, ...) TESTLIB_FORMAT(3);
    void quitif(bool condition, TResult result, const char *text, ...) TESTLIB_FORMAT(4);

    /* The next character, which stays; EOF at the end. */
    int curChar()
    {
        const int c = nextChar();
        unreadChar(c);
        return c;
    }
    int nextChar()
    {
        if (unread_.empty()) {
            const int c = file_ == nullptr ? EOF : std::getc(file_);
            is_empty_ = is_empty_ && isEof(c);
            return c;
        }
        const int c = unread_.back();
        unread_.pop_back();
        return c;
    }
    void skipChar() { nextChar(); }
    void unreadChar(int c) { unread_.push_back(c); }
    char readChar();
    char readChar(char wanted);
    char readSpace() { return readChar(' '); }

    bool eof() { return isEof(curChar()); }
    bool eoln();
    bool seekEof()
    {
        skipBlanks();
        return eof();
    }
    bool seekEoln()
    {
        while (curChar() == ' ' || curChar() == '\t')
            skipChar();
        return eoln();
    }
    void skipBlanks()
    {
        while (isBlanks(curChar()))
            skipChar();
    }
    void readEoln();
    void readEof();
    void nextLine() { readString(); }

    std::string readToken();
    std::string readToken(const pattern &wanted, const std::string &what = "");
    std::string readWord() { return readToken(); }
    std::string readWord(const pattern &wanted, const std::string &what = "")
    {
        return readToken(wanted, what);
    }
    void readTokenTo(std::string &result) { result = readToken(); }
    void readWordTo(std::string &result) { result = readToken(); }
    std::string readString();
    std::string readString(const pattern &wanted, const std::string &what = "");
    std::string readLine() { return readString(); }
    std::string readLine(const pattern &wanted, const std::string &what = "")
    {
        return readString(wanted, what);
    }
    void readStringTo(std::string &result) { result = readString(); }
    void readLineTo(std::string &result) { result = readString(); }

    long long readLong();
    long long readLong(long long least, long long most, const std::string &what = "");
    unsigned long long readUnsignedLong();
    unsigned long long readUnsignedLong(unsigned long long least, unsigned long long most,
                                        const std::string &what = "");
    int readInt();
    int readInt(int least, int most, const std::string &what = "");
    int readInteger() { return readInt(); }
    int readInteger(int least, int most, const std::string &what = "")
    {
        return readInt(least, most, what);
    }
    double readDouble();
    double readDouble(double least, double most, const std::string &what = "");
    double readReal() { return readDouble(); }
    double readReal(double least, double most, const std::string &what = "")
    {
        return readDouble(least, most, what);
    }
    double readStrictDouble(double least, double most, int fewest, int most_digits,
                            const std::string &what = "");
    double readStrictReal(double least, double most, int fewest, int most_digits,
                          const std::string &what = "")
    {
        return readStrictDouble(least, most, fewest, most_digits, what);
    }

    /* So many of them; the variables' names count from `first`. */
    std::vector<int> readInts(int size, int least, int most, const std::string &what = "",
                              int first = 1);
    std::vector<int> readInts(int size, const std::string &what = "", int first = 1);
    std::vector<int> readIntegers(int size, int least, int most, const std::string &what = "",
                                  int first = 1)
    {
        return readInts(size, least, most, what, first);
    }
    std::vector<int> readIntegers(int size, const std::string &what = "", int first = 1)
    {
        return readInts(size, what, first);
    }
    std::vector<long long> readLongs(int size, long long least, long long most,
                                     const std::string &what = "", int first = 1);
    std::vector<long long> readLongs(int size, const std::string &what = "", int first = 1);
    std::vector<double> readDoubles(int size, double least, double most,
                                    const std::string &what = "", int first = 1);
    std::vector<double> readDoubles(int size, const std::string &what = "", int first = 1);
    std::vector<double> readReals(int size, double least, double most,
                                  const std::string &what = "", int first = 1)
    {
        return readDoubles(size, least, most, what, first);
    }
    std::vector<double> readReals(int size, const std::string &what = "", int first = 1)
    {
        return readDoubles(size, what, first);
    }
    std::vector<std::string> readTokens(int size, const std::string &what = "", int first = 1);
    std::vector<std::string> readTokens(int size, const pattern &wanted,
                                        const std::string &what = "", int first = 1);
    std::vector<std::string> readWords(int size, const std::string &what = "", int first = 1)
    {
        return readTokens(size, what, first);
    }
    std::vector<std::string> readWords(int size, const pattern &wanted,
                                       const std::string &what = "", int first = 1)
    {
        return readTokens(size, wanted, what, first);
    }
    std::vector<std::string> readStrings(int size, const std::string &what = "", int first = 1);
    std::vector<std::string> readLines(int size, const std::string &what = "", int first = 1)
    {
        return readStrings(size, what, first);
    }

private:
    std::FILE *file_ = nullptr;
    std::vector<int> unread_;
    bool is_empty_ = true;

    [[noreturn]] void refuse(const char *kind, const std::string &what, const std::string &found,
                             const std::string &wanted);
    template <typename T>
    T within(const char *kind, T value, T least, T most, const std::string &what);
    template <typename T, typename Read>
    std::vector<T> several(int size, const std::string &what, int first, Read read);
};

inline InStream inf, ouf, ans;
inline std::fstream tout;
