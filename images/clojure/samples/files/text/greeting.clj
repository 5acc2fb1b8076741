(ns text.greeting)

(defn greeting [name]
  (str "Hello, " name "!"))
