import std/[algorithm, strformat, strutils, sequtils, tables]

var counts: CountTable[string]
for word in stdin.readAll.splitWhitespace:
  counts.inc word
let entries = toSeq(counts.pairs).sortedByIt((-it[1], it[0]))
var letters = 0
for (word, count) in entries:
  echo word, " ", count
  letters += word.len
echo &"{entries.len} words, mean length {letters / entries.len:.2f}"
