#include <bits/stdc++.h>
using namespace std;

// As contest solutions begin: everything included; a sort, a map, streams.
int main() {
    ios::sync_with_stdio(false);
    cin.tie(nullptr);
    stringstream text;
    unsigned state = 1;
    for (int i = 0; i < 20000; i++) {
        state = state * 1664525u + 1013904223u;
        text << 'w' << (state >> 16) % 500 << ' ' << (state >> 8) % 1000 << '\n';
    }
    map<string, vector<int>> groups;
    string word;
    int value;
    while (text >> word >> value) groups[word].push_back(value);
    vector<pair<long long, string>> sums;
    for (auto& [name, values] : groups) {
        sort(values.begin(), values.end());
        sums.emplace_back(accumulate(values.begin(), values.end(), 0LL), name);
    }
    sort(sums.rbegin(), sums.rend());
    for (size_t i = 0; i < 5; i++) cout << sums[i].second << ' ' << sums[i].first << '\n';
    cout << fixed << setprecision(2) << double(sums[0].first) / groups.size() << endl;
}
