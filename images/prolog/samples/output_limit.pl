main :- repeat, writeln('again and again'), fail.
