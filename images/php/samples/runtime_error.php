<?php
fwrite(STDERR, "giving up\n");
exit(3);
