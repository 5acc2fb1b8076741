main :-
    format(user_error, 'giving up~n', []),
    halt(3).
