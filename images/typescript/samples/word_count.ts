import { readFileSync } from "fs";

const counts = new Map<string, number>();
for (const word of readFileSync(0, "utf8").split(/\s+/)) {
  if (word !== "") {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
}
const entries = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
for (const [word, count] of entries) {
  console.log(`${word} ${count}`);
}
const letters = entries.reduce((sum, [word]) => sum + word.length, 0);
console.log(`${entries.length} words, mean length ${(letters / entries.length).toFixed(2)}`);
