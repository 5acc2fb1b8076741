#include <bits/stdc++.h>
using namespace std;

int main() {
    unordered_map<string, int> counts;
    for (string word; cin >> word;) {
        ++counts[word];
    }
    vector<pair<string, int>> sorted(counts.begin(), counts.end());
    sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return tie(b.second, a.first) < tie(a.second, b.first);
    });
    size_t letters = 0;
    for (const auto& [word, count] : sorted) {
        cout << word << ' ' << count << '\n';
        letters += word.size();
    }
    cout << sorted.size() << " words, mean length " << fixed << setprecision(2)
         << double(letters) / sorted.size() << '\n';
}
