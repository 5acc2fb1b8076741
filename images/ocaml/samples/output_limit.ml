let () = while true do print_endline "again and again" done
