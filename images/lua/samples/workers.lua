local WORKERS = 4

local first = tonumber(arg[1])
if first then
  local sum = 0
  for n = first, 999999, WORKERS do
    sum = sum + n
  end
  print(sum)
else
  local readers, total = {}, 0
  for i = 1, WORKERS do
    readers[i] = io.popen(string.format("%s %s %d", arg[-1], arg[0], i - 1))
  end
  for _, reader in ipairs(readers) do
    total = total + reader:read("n")
    reader:close()
  end
  print(WORKERS .. " workers: " .. total)
end
