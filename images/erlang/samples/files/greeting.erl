-module(greeting).
-export([to/1]).

to(Name) ->
    "Hello, " ++ Name ++ "!".
