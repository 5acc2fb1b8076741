(def workers 4)

(defn sum-from [start]
  (future (reduce + (range start 1000000 workers))))

(let [sums (doall (map sum-from (range workers)))]
  (println (str workers " workers: " (reduce + (map deref sums)))))
(shutdown-agents)
