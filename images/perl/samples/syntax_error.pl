print "never printed\n";
sub broken {
