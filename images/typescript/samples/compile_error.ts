const greeting: number = "a string is no number";
console.log(greeting);
