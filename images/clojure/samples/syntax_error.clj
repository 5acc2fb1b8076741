(println "Hello")
(broken
