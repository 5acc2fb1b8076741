fn main() {
    for number in 1..=15_000 {
        println!("{number}");
    }
}
