//! What is wrong with vectors and their metric, of which each contract speaks in words of its own. It is
//! found among the sources of an error, whose message is in those of turbopuffer.

use std::fmt;

use crate::error::Error;
use crate::model::Metric;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorFault {
    /// A vector, and nobody has said by what it is near to another one.
    NoMetric,
    /// A vector, and the namespace began without any.
    NoVectors,
    OtherMetric {
        expected: Metric,
        got: Metric,
    },
}

impl VectorFault {
    pub fn told(self) -> Error {
        let message = match self {
            Self::NoMetric => {
                "💔 distance_metric must be specified for write to namespace with a vector"
                    .to_owned()
            }
            Self::NoVectors => {
                "💔 Vector provided for namespace without vector attribute".to_owned()
            }
            Self::OtherMetric { expected, got } => {
                format!("💔 distance metric mismatch, expected {expected}, got {got}")
            }
        };
        Error::invalid(message).with_source(self)
    }
}

impl fmt::Display for VectorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoMetric => "a vector without a metric",
            Self::NoVectors => "a vector where there are none",
            Self::OtherMetric { .. } => "another metric than that of the namespace",
        })
    }
}

impl std::error::Error for VectorFault {}
