print "$_\n" for 1 .. 15_000;
