fn main() {
    let sum: u64 = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok()).sum();
    println!("{}", thousands::with_points(sum));
}
