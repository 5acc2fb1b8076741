let () =
  prerr_endline "giving up";
  exit 3
