main :- writeln('Hello').
broken :- ( .
