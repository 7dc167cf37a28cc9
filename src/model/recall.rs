//! How much of what an exact search finds is found by a search as it is answered: asked, and told.

use super::{Filter, Given, Hit};

#[derive(Clone, Debug, PartialEq)]
pub struct Recall {
    pub asked: Asked,
    pub top_k: usize,
    pub filter: Option<Filter>,
    pub truth: GroundTruth,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// So many of the vectors that are stored.
    Stored(usize),
    This {
        attribute: Box<str>,
        vector: Given,
    },
}

impl Asked {
    /// Each vector that is searched for is a query.
    pub fn queries(&self) -> usize {
        match self {
            Self::Stored(count) => *count,
            Self::This { .. } => 1,
        }
    }
}

/// Whether what an exact search finds is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroundTruth {
    Shown,
    Hidden,
}

/// On average over all that was searched for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recalled {
    /// Which part of what an exact search finds was found, 0 to 1.
    pub recall: f64,
    pub exact_count: f64,
    pub found_count: f64,
    /// Of each search, if they are to be shown.
    pub truths: Vec<Truth>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    pub vector: Box<[f32]>,
    /// With their distances and their vectors, the nearest first.
    pub nearest: Vec<Hit>,
}

pub const RECALL_SAMPLES_MAX: usize = 100;
