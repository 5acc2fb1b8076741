let () = print_endline (Greeting.greeting "files")
