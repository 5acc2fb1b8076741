"""Languages as data: one folder each, loaded, checked and built."""
