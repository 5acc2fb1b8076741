(require '[clojure.string :as string])

(let [words (remove string/blank? (string/split (slurp *in*) #"\s+"))
      entries (sort-by (fn [[word count]] [(- count) word]) (frequencies words))
      letters (reduce + (map (comp count first) entries))]
  (doseq [[word number] entries]
    (println word number))
  (println (format "%d words, mean length %.2f" (count entries) (double (/ letters (count entries))))))
