//! The binary: parse arguments, run the sub-command, exit with its code.

fn main() {}
