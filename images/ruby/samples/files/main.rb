require_relative "text/greeting"

puts greeting("files")
