import System.Exit
import System.IO

main :: IO ()
main = hPutStrLn stderr "giving up" >> exitWith (ExitFailure 3)
