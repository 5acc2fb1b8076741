@include "greeting.awk"

BEGIN { print greeting("files") }
