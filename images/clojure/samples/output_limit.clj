(while true
  (println "again and again"))
