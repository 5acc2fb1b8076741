BEGIN {
    print "giving up" > "/dev/stderr"
    exit 3
}
