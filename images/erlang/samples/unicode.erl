-module(main).
-export([main/0]).

main() ->
    ok = io:setopts([{encoding, unicode}]),
    io:format("~ts~n", ["Grüße, Жизнь, 世界 ☃ 🚀"]).
