local counts, words, letters = {}, {}, 0
for word in io.read("a"):gmatch("%S+") do
  if not counts[word] then
    counts[word] = 0
    words[#words + 1] = word
    letters = letters + utf8.len(word)
  end
  counts[word] = counts[word] + 1
end
table.sort(words, function(a, b)
  if counts[a] ~= counts[b] then
    return counts[a] > counts[b]
  end
  return a < b
end)
for _, word in ipairs(words) do
  print(word .. " " .. counts[word])
end
print(string.format("%d words, mean length %.2f", #words, letters / #words))
