main :-
    read_string(user_input, _, Text),
    split_string(Text, " \n", " \n", Parts),
    exclude(==(""), Parts, Words),
    msort(Words, Sorted),
    clumped_words(Sorted, Counts),
    sort(1, @>=, Counts, ByCount),
    forall(member(Count-Word, ByCount), format("~w ~d~n", [Word, Count])),
    findall(Length, (member(_-Word, ByCount), string_length(Word, Length)), Lengths),
    sum_list(Lengths, Letters),
    length(ByCount, Size),
    Mean is Letters / Size,
    format("~d words, mean length ~2f~n", [Size, Mean]).

clumped_words(Words, Counts) :-
    pairs_keys_values(Pairs, Words, Words),
    group_pairs_by_key(Pairs, Groups),
    findall(Count-Word, (member(Word-Same, Groups), length(Same, Count)), Counts).
