//! A segment: rows that were folded out of the log, in files that never change.
//!
//! Rows lie in Parquet, sorted by id, under the names of their attributes: whatever reads Parquet
//! reads them as they lie in the bucket. A row that a later segment or the log supersedes stays where
//! it is, and a deletion vector says so. Row *i* of the Parquet file is row *i* everywhere.

pub mod deletions;
pub mod rows;
