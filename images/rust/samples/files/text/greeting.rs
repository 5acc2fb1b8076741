pub fn to(name: &str) -> String {
    format!("Hello, {name}!")
}
