-module(main).
-export([main/0]).

main() ->
    io:format("again and again~n"),
    main().
