warn "giving up"
exit 3
