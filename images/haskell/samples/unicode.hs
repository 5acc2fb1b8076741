main :: IO ()
main = putStrLn "Grüße, Жизнь, 世界 ☃ 🚀"
