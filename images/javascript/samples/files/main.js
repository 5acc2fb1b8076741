const { greeting } = require("./text/greeting");

console.log(greeting("files"));
