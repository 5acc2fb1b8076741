import Data.List (sortOn)
import qualified Data.Map.Strict as Map
import Data.Ord (Down (..))
import Text.Printf (printf)

main :: IO ()
main = do
  text <- getContents
  let counts = Map.fromListWith (+) [(word, 1 :: Int) | word <- words text]
      entries = sortOn (\(word, count) -> (Down count, word)) (Map.toList counts)
      letters = sum (map (length . fst) entries)
  mapM_ (\(word, count) -> putStrLn (word ++ " " ++ show count)) entries
  printf "%d words, mean length %.2f\n" (length entries)
    (fromIntegral letters / fromIntegral (length entries) :: Double)
