local greeting = {}

function greeting.to(name)
  return "Hello, " .. name .. "!"
end

return greeting
