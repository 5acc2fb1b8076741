let workers = 4

let rec sum_from n = if n >= 1_000_000 then 0 else n + sum_from (n + workers)

let start_worker first =
  let reader, writer = Unix.pipe () in
  if Unix.fork () = 0 then begin
    let out = Unix.out_channel_of_descr writer in
    Printf.fprintf out "%d\n" (sum_from first);
    exit 0
  end;
  Unix.close writer;
  Unix.in_channel_of_descr reader

let () =
  let readers = List.map start_worker [ 0; 1; 2; 3 ] in
  let sums = List.map (fun reader -> int_of_string (input_line reader)) readers in
  Printf.printf "%d workers: %d\n" workers (List.fold_left ( + ) 0 sums)
