//! The levyscape command line.
fn main() {}
