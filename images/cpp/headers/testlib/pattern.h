/* SPDX-License-Identifier: MIT */
/* testlib's patterns: characters, [sets], (groups), one|other, and ? * + {n} {n,} {n,m} after them. */
#pragma once

class pattern {
public:
    pattern(const char *text) : text_(text) {}
    pattern(std::string text) : text_(std::move(text)) {}

    bool matches(const std::string &s) const
    {
        const Ends all = either(0, text_.size(), s, {0});
        return all.count(s.size()) != 0;
    }

    const std::string &src() const { return text_; }

private:
    using Ends = std::set<size_t>; /* where in the text a match may have come to */

    std::string text_;

    /* Past a character, a set or a group. */
    size_t past(size_t at) const
    {
        if (text_[at] == '\\')
            return std::min(at + 2, text_.size());
        if (text_[at] != '[' && text_[at] != '(')
            return at + 1;
        const char open = text_[at], close = open == '[' ? ']' : ')';
        int depth = 0;
        for (; at < text_.size(); at++) {
            if (text_[at] == '\\')
                at++;
            else if (text_[at] == open && (open == '(' || depth == 0))
                depth++;
            else if (text_[at] == close && --depth == 0)
                return at + 1;
        }
        throw std::invalid_argument("pattern: no end of " + std::string(1, open));
    }

    Ends either(size_t from, size_t to, const std::string &s, const Ends &starts) const
    {
        Ends ends;
        size_t part = from;
        for (size_t at = from; at < to; at = past(at))
            if (text_[at] == '|') {
                const Ends some = sequence(part, at, s, starts);
                ends.insert(some.begin(), some.end());
                part = at + 1;
            }
        const Ends rest = sequence(part, to, s, starts);
        ends.insert(rest.begin(), rest.end());
        return ends;
    }

    Ends sequence(size_t at, size_t to, const std::string &s, Ends starts) const
    {
        while (at < to && !starts.empty()) {
            const size_t end = past(at);
            size_t least = 1, most = 1, next = end;
            if (next < to)
                next = repetition(end, least, most);
            starts = repeated(at, end, least, most, s, starts);
            at = next;
        }
        return starts;
    }

    size_t repetition(size_t at, size_t &least, size_t &most) const
    {
        const size_t ever = std::numeric_limits<size_t>::max();
        switch (text_[at]) {
        case '?':
            least = 0;
            return at + 1;
        case '*':
            least = 0;
            most = ever;
            return at + 1;
        case '+':
            most = ever;
            return at + 1;
        case '{':
            break;
        default:
            return at;
        }
        char *end = nullptr;
        least = most = std::strtoull(text_.c_str() + at + 1, &end, 10);
        if (*end == ',') {
            const char *second = end + 1;
            most = std::strtoull(second, &end, 10);
            if (end == second)
                most = ever;
        }
        if (*end != '}')
            throw std::invalid_argument("pattern: {n}, {n,} or {n,m} expected");
        return static_cast<size_t>(end - text_.c_str()) + 1;
    }

    Ends repeated(size_t at, size_t end, size_t least, size_t most, const std::string &s,
                  Ends starts) const
    {
        Ends all;
        for (size_t times = 0; !starts.empty(); times++) {
            if (times >= least) {
                const size_t before = all.size();
                all.insert(starts.begin(), starts.end());
                if (before == all.size())
                    break; /* nothing new: it would go round for ever */
            }
            if (times == most)
                break;
            starts = once(at, end, s, starts);
        }
        return all;
    }

    Ends once(size_t at, size_t end, const std::string &s, const Ends &starts) const
    {
        if (text_[at] == '(')
            return either(at + 1, end - 1, s, starts);
        Ends ends;
        for (const size_t start : starts)
            if (start < s.size() && takes(at, end, s[start]))
                ends.insert(start + 1);
        return ends;
    }

    bool takes(size_t at, size_t end, char c) const
    {
        if (text_[at] != '[')
            return text_[text_[at] == '\\' ? at + 1 : at] == c;
        size_t in = at + 1;
        const bool negated = text_[in] == '^';
        bool found = false;
        for (in += negated; in + 1 < end; in++) {
            in += text_[in] == '\\';
            const char low = text_[in];
            const bool is_range = in + 2 < end - 1 && text_[in + 1] == '-';
            const char high = is_range ? text_[in + 2] : low;
            in += is_range ? 2 : 0;
            found = found || (low <= c && c <= high);
        }
        return found != negated;
    }
};
