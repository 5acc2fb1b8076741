local greeting = require("text.greeting")

print(greeting.to("files"))
