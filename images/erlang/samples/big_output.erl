-module(main).
-export([main/0]).

main() ->
    [io:format("~b~n", [Number]) || Number <- lists:seq(1, 15000)],
    ok.
