main :: IO ()
main = mapM_ print [1 .. 15000 :: Int]
