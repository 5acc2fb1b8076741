for (let number = 1; number <= 15_000; number++) {
  console.log(number);
}
