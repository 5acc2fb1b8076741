import { greeting } from "./text/greeting";

console.log(greeting("files"));
