module Text.Greeting (greeting) where

greeting :: String -> String
greeting name = "Hello, " ++ name ++ "!"
