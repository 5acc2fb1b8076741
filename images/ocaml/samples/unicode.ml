let () = print_endline "Grüße, Жизнь, 世界 ☃ 🚀"
