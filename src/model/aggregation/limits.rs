//! How much aggregations may ask for and take, and what they mean where nothing is said. The pages
//! of the documentation take these from here.

/// One below the other.
pub const AGGREGATION_DEPTH_MAX: usize = 4;
/// Of one query.
pub const AGGREGATIONS_MAX: usize = 64;
/// Of all aggregations of a query together, whether they are told or not.
pub const BUCKETS_MAX: u64 = 65_536;
/// What is held for an answer before it is made.
pub const AGGREGATION_BYTES_MAX: usize = 64 << 20;
pub const AGGREGATION_NAME_BYTES_MAX: usize = 128;
/// What a bucket calls its own, in either contract: nothing that is nested in one is called so.
pub const OWN_NAMES: &[&str] =
    &["key", "key_as_string", "doc_count", "count", "from", "from_as_string", "to", "to_as_string"];

/// How many terms are told.
pub const TERMS: u64 = 10;
pub const TERMS_MAX: u64 = 10_000;
pub const RANGES_MAX: usize = 256;
pub const FILTERS_MAX: usize = 256;
/// How many words an order may have.
pub const ORDERS_MAX: usize = 8;
/// Ten thousand days, of a fixed interval and of an offset.
pub const FIXED_MS_MAX: i64 = 10_000 * 86_400_000;

pub const PERCENTS: &[f64] = &[1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0];
pub const PERCENTS_MAX: usize = 100;
/// Of more values, each is known only by its bin.
pub const PERCENTILES_EXACT_MAX: usize = 4096;

pub const CARDINALITY_PRECISION: u64 = 3000;
pub const CARDINALITY_PRECISION_MAX: u64 = 40_000;

pub const SIGMA: f64 = 2.0;
