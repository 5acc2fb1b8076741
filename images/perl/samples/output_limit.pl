print "again and again\n" while 1;
