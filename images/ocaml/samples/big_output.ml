let () =
  for number = 1 to 15000 do
    Printf.printf "%d\n" number
  done
