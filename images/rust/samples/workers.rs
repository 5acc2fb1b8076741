use std::thread;

const WORKERS: u64 = 4;

fn main() {
    let threads: Vec<_> = (0..WORKERS)
        .map(|first| thread::spawn(move || (first..1_000_000).step_by(WORKERS as usize).sum::<u64>()))
        .collect();
    let total: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    println!("{WORKERS} workers: {total}");
}
