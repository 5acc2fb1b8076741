source text/greeting.sh

greet files
