use strict;
use warnings;

my $workers = 4;
my @readers;
for my $first (0 .. $workers - 1) {
    my $pid = open(my $reader, '-|') // die "fork: $!";
    if ($pid == 0) {
        my $sum = 0;
        for (my $n = $first; $n < 1_000_000; $n += $workers) {
            $sum += $n;
        }
        print "$sum\n";
        exit;
    }
    push @readers, $reader;
}
my $total = 0;
$total += <$_> for @readers;
print "$workers workers: $total\n";
