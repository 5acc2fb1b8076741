(dotimes [n 15000]
  (println (inc n)))
