//! What a search works with: made of rows, searched as bytes. It is handed both, and reads nothing
//! by itself.

pub mod text;
