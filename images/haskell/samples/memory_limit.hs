main :: IO ()
main = let numbers = [1 :: Integer ..] in print (sum (takeWhile (> 0) numbers)) >> print (head numbers)
