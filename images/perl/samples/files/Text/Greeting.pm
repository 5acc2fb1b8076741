package Text::Greeting;

use strict;
use warnings;

sub to {
    my ($name) = @_;
    return "Hello, $name!";
}

1;
