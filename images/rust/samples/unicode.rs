fn main() {
    println!("Grüße, Жизнь, 世界 ☃ 🚀");
}
