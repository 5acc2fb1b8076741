-module(main).
-export([main/0]).

main() ->
    Counts = count(io:get_line(""), #{}),
    Entries = lists:sort([{-Count, Word} || {Word, Count} <- maps:to_list(Counts)]),
    [io:format("~s ~b~n", [Word, -Count]) || {Count, Word} <- Entries],
    Letters = lists:sum([length(Word) || {_, Word} <- Entries]),
    Size = length(Entries),
    io:format("~b words, mean length ~.2f~n", [Size, Letters / Size]).

count(eof, Counts) ->
    Counts;
count(Line, Counts) ->
    Add = fun(Word, Acc) -> maps:update_with(Word, fun(N) -> N + 1 end, 1, Acc) end,
    count(io:get_line(""), lists:foldl(Add, Counts, string:tokens(Line, " \n"))).
