print STDERR "giving up\n";
exit 3;
