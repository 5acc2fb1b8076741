import text/greeting

echo greetingTo("files")
