proc greetingTo*(name: string): string =
  "Hello, " & name & "!"
