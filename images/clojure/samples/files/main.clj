(require '[text.greeting :refer [greeting]])

(println (greeting "files"))
