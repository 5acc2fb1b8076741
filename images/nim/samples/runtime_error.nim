stderr.writeLine "giving up"
quit 3
