def greeting(name)
  "Hello, #{name}!"
end
