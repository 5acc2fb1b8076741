-module(main).
-export([main/0]).

main() ->
    ok = io:setopts([{encoding, unicode}]),
    echo(io:get_line("")).

echo(eof) ->
    ok;
echo(Line) ->
    io:format("~ts~n", [string:trim(Line, trailing, "\n")]),
    echo(io:get_line("")).
