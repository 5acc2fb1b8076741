const words = require("fs").readFileSync(0, "utf8").split(/\s+/).filter((word) => word !== "");
const counts = new Map();
for (const word of words) {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}
const entries = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
let letters = 0;
for (const [word, count] of entries) {
  console.log(`${word} ${count}`);
  letters += word.length;
}
console.log(`${entries.length} words, mean length ${(letters / entries.length).toFixed(2)}`);
