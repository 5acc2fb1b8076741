let counts = Hashtbl.create 16

let count word =
  if word <> "" then
    Hashtbl.replace counts word (1 + Option.value ~default:0 (Hashtbl.find_opt counts word))

let rec read () =
  match input_line stdin with
  | line ->
    List.iter count (String.split_on_char ' ' line);
    read ()
  | exception End_of_file -> ()

let () =
  read ();
  let entries = Hashtbl.fold (fun word number all -> (-number, word) :: all) counts [] in
  let entries = List.sort compare entries in
  List.iter (fun (number, word) -> Printf.printf "%s %d\n" word (-number)) entries;
  let letters = List.fold_left (fun sum (_, word) -> sum + String.length word) 0 entries in
  let size = List.length entries in
  Printf.printf "%d words, mean length %.2f\n" size (float letters /. float size)
