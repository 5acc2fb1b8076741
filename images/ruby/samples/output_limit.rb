loop { puts "again and again" }
