//! A figure that is measured: what a node tells of itself to whoever watches it.

/// One family of samples under one name, as Prometheus groups them.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Such as `elacsym_commits_total`: the unit and `_total` come last.
    pub name: &'static str,
    pub help: &'static str,
    pub kind: FigureKind,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureKind {
    Counter,
    Gauge,
    /// Its samples are those of `_bucket` with the label `le`, of `_sum` and of `_count`.
    Histogram,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Behind the name of the figure; empty but for a histogram.
    pub suffix: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}
