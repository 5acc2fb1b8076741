use strict;
use warnings;

my %counts;
while (my $line = <STDIN>) {
    $counts{$_}++ for split ' ', $line;
}
my @words = sort { $counts{$b} <=> $counts{$a} || $a cmp $b } keys %counts;
my $letters = 0;
for my $word (@words) {
    print "$word $counts{$word}\n";
    $letters += length $word;
}
printf "%d words, mean length %.2f\n", scalar @words, $letters / @words;
