//! The nodes, once nobody asks for anything: they let everything go, and are replaced by others that know
//! nothing of the names.

use std::time::Duration;

use super::Quiet;
use crate::world::client::Nodes;
use crate::world::mishaps::LEAVE_MAX;
use crate::world::words::Broken;

/// The walk for garbage may have opened a name just now: so long it is looked for a moment at which
/// none is open.
const LEFT_ALONE: Duration = Duration::from_secs(600);
const GLANCE: Duration = Duration::from_secs(10);
/// What it takes to fold a name that is idle, and to close it.
pub(super) const CLOSED: Duration = Duration::from_secs(10);

impl Quiet<'_> {
    /// Nobody has asked anything for long.
    pub(super) async fn all_let_go(&self) -> Result<(), Broken> {
        let until = self.place.clock.now() + LEFT_ALONE;
        loop {
            let held = self.held();
            if held.is_empty() {
                return Ok(());
            }
            if self.place.clock.now() > until {
                return Err(Broken(format!("not let go: {}", held.join("; "))));
            }
            self.place.clock.sleep(GLANCE).await;
        }
    }

    /// What nodes hold of names: one that has a request to settle is open, and so is one that is read.
    fn held(&self) -> Vec<String> {
        const FIGURES: [&str; 3] =
            ["elacsym_open_namespaces", "elacsym_memory_bytes", "elacsym_queries_computing"];
        let of_node = |no: usize| {
            let figures = self.site.node(no).map(|door| door.engine.figures());
            let figures = figures.unwrap_or_default().into_iter();
            let held =
                figures.filter(|figure| FIGURES.contains(&figure.name)).filter_map(|figure| {
                    let value: f64 = figure.samples.iter().map(|sample| sample.value).sum();
                    (value != 0.0).then(|| format!("node {no} has {} = {value}", figure.name))
                });
            held.collect::<Vec<_>>()
        };
        (0..self.site.count()).flat_map(of_node).collect()
    }

    /// Some end in order and some do not: those who come next know nothing of the names.
    pub(super) async fn replace_nodes(&self) {
        let mut chance = self.plan.chance("the last change of hands");
        for no in 0..self.site.count() {
            if chance.happens(0.5) {
                self.site.shut_down(no, LEAVE_MAX).await;
            }
            self.site.kill(no);
            self.site.start(no);
        }
    }
}
