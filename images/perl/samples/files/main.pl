use strict;
use warnings;
use lib '.';
use Text::Greeting;

print Text::Greeting::to('files'), "\n";
