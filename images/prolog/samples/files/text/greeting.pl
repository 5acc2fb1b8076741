:- module(greeting, [greeting/2]).

greeting(Name, Text) :-
    format(string(Text), "Hello, ~w!", [Name]).
