main :- writeln('Hello, World!').
