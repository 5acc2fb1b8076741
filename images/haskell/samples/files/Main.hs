import Text.Greeting (greeting)

main :: IO ()
main = putStrLn (greeting "files")
