use std::cmp::Reverse;
use std::collections::HashMap;
use std::io;

fn main() {
    let text = io::stdin().lines().map(|line| line.unwrap() + "\n").collect::<String>();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    let mut entries: Vec<_> = counts.into_iter().collect();
    entries.sort_by_key(|&(word, count)| (Reverse(count), word));
    for (word, count) in &entries {
        println!("{word} {count}");
    }
    let letters: usize = entries.iter().map(|(word, _)| word.len()).sum();
    println!("{} words, mean length {:.2}", entries.len(), letters as f64 / entries.len() as f64);
}
