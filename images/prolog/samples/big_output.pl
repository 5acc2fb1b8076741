main :- forall(between(1, 15000, Number), writeln(Number)).
