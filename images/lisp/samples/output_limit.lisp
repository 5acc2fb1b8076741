(loop (write-line "again and again"))
