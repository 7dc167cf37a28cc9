//! From the start of a process to its first answer, on a folder with nothing in it.

use super::finding::Finding;
use super::plan::Plan;
use super::process::Process;
use super::samples::{Samples, sample};
use super::scratch::Scratch;
use crate::error::Result;

/// It reads from the store.
pub(super) const FIRST: &str = "/v1/namespaces?page_size=1";
const ANSWER_MS_MAX: f64 = 200.0;

pub(super) async fn measure(plan: &Plan) -> Result<Vec<Finding>> {
    let (mut ready, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let scratch = Scratch::make()?;
        let process = Process::start(scratch.path(), plan.clock).await?;
        let first = process.answers(&process.address().get(FIRST)).await?;
        ready.push(sample(process.ready));
        answered.push(sample(first));
    }
    let (ready, answered) = (Samples::of(ready), Samples::of(answered));
    let of = |samples: &Samples| {
        format!("p50 of {}, the slowest {:.1} ms", samples.count(), samples.quantile_ms(1.0))
    };
    Ok(vec![
        Finding::of("says that it is ready", ready.quantile_ms(0.5), "ms").beside(of(&ready)),
        Finding::of("first answer", answered.quantile_ms(0.5), "ms")
            .at_most(ANSWER_MS_MAX)
            .beside(format!("a list of namespaces; {}", of(&answered))),
    ])
}
