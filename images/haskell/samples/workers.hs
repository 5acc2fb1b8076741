import Control.Concurrent

workers :: Int
workers = 4

startWorker :: Int -> IO (MVar Int)
startWorker first = do
  result <- newEmptyMVar
  _ <- forkOS (putMVar result $! sum [first, first + workers .. 999999])
  return result

main :: IO ()
main = do
  results <- mapM startWorker [0 .. workers - 1]
  total <- sum <$> mapM takeMVar results
  putStrLn (show workers ++ " workers: " ++ show total)
