mod text;

fn main() {
    println!("{}", text::greeting::to("files"));
}
