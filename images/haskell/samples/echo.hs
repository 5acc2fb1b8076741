main :: IO ()
main = getContents >>= mapM_ putStrLn . lines
