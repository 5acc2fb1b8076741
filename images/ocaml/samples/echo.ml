let rec echo () =
  match input_line stdin with
  | line ->
    print_endline line;
    echo ()
  | exception End_of_file -> ()

let () = echo ()
