:- use_module(text/greeting).

main :-
    greeting(files, Text),
    writeln(Text).
