echo "giving up" >&2
exit 3
