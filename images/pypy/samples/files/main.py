from text.greeting import greeting

print(greeting("files"))
