workers(4).

sum_from(First, Sum) :-
    workers(Workers),
    sum_from(First, Workers, 0, Sum).

sum_from(N, _, Sum, Sum) :- N >= 1000000, !.
sum_from(N, Step, Sum0, Sum) :-
    Sum1 is Sum0 + N,
    Next is N + Step,
    sum_from(Next, Step, Sum1, Sum).

main :-
    workers(Workers),
    Last is Workers - 1,
    numlist(0, Last, Firsts),
    concurrent_maplist(sum_from, Firsts, Sums),
    sum_list(Sums, Total),
    format("~d workers: ~d~n", [Workers, Total]).
