-module(main).
-export([main/0]).
-define(WORKERS, 4).

main() ->
    Parent = self(),
    Firsts = lists:seq(0, ?WORKERS - 1),
    [spawn_link(fun() -> Parent ! {sum, sum(First, 0)} end) || First <- Firsts],
    Sums = [receive {sum, Sum} -> Sum end || _ <- Firsts],
    io:format("~b workers: ~b~n", [?WORKERS, lists:sum(Sums)]).

sum(N, Sum) when N >= 1000000 ->
    Sum;
sum(N, Sum) ->
    sum(N + ?WORKERS, Sum + N).
