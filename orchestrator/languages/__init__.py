"""Languages as data: each is a folder with a `language.toml`, sources and samples. No engine."""
