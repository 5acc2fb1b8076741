main :: IO ()
main = putStrLn "again and again" >> main
