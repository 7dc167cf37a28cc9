//! The caretaker: what nobody needs any more is found, watched for half an hour, and deleted.
//!
//! Three tasks. The *walk* comes by every marker, slowly. The *ear* hears of names that were just
//! folded or deleted. What they find, the *yard* keeps a watch on, and sweeps when it is ripe.
//!
//! What it costs: of a name that has something to collect, one entry of 128 bytes and its place in
//! a queue, `WATCHES_MAX` of them at most, and one timer for all; of any other name nothing but to be
//! passed by. To pass by a million idle names takes 1,000 LISTs of markers and one or two GETs for
//! each name, at ten requests a second: one to two and a half days. No name is listed itself before
//! its head, its log or a marker of its deletion says that there is something. (Names with branches
//! always say so.)
//!
//! It may be stopped anywhere, and forgets all that it watched: garbage is never pressing, and what
//! is forgotten the next walk finds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::{Context, Error, Result};
use crate::model::{Figure, Incarnation, Namespace};
use crate::namespace::garbage::{Look, Sight, Sweeper, Vigil};
use crate::protocol::Mine;

mod tally;
#[cfg(test)]
mod tests;
mod walk;
mod watches;
mod yard;

use tally::Tally;
use walk::Walk;
use watches::{Find, When};
use yard::Yard;

/// Lives that are watched. A node that folds more than 55 names a second leaves the rest of their
/// garbage to the walk.
const WATCHES_MAX: usize = 100_000;
/// Notices that wait until somebody has looked. More are dropped, and the walk finds those names.
pub(super) const NOTICES_MAX: usize = 1024;
/// Finds that wait for the yard, which takes them at once.
const FINDS_MAX: usize = 16;
/// An owner that needs longer to say what it works on is asked next time: nothing is suspected
/// without its word.
const MINE_TIME_MAX: Duration = Duration::from_secs(5);

/// Those who own names on this node.
pub(crate) trait Owners: Send + Sync + 'static {
    /// What the owner of a name works on. None: it is not open here, and is not opened for this.
    fn mine(&self, name: &Namespace) -> BoxFuture<'static, Option<Mine>>;
    /// Claims a name, to end what its last owner began.
    fn tend(&self, name: &Namespace) -> BoxFuture<'static, ()>;
}

#[derive(Debug)]
pub(crate) struct Caretaker {
    tasks: Mutex<JoinSet<()>>,
    tally: Arc<Tally>,
}

impl Caretaker {
    /// `noticed` tells of lives that were just folded or deleted, and have something to collect.
    pub(crate) fn start(
        mut sweeper: Sweeper,
        noticed: mpsc::Receiver<(Namespace, Incarnation)>,
        owners: Arc<dyn Owners>,
    ) -> Self {
        let tally = Arc::new(Tally::of(sweeper.gone.clone()));
        let (finds, found) = mpsc::channel(FINDS_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(sweeper.another(), noticed, finds.clone()));
        tasks.spawn(Walk::new(sweeper.another(), finds, owners.clone(), tally.clone()).go());
        tasks.spawn(Yard::new(sweeper, owners, found, tally.clone()).tend());
        Self { tasks: Mutex::new(tasks), tally }
    }

    /// Ends all that it does, where it stands.
    pub(crate) async fn stop(&self) {
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }

    pub(crate) fn figures(&self) -> Vec<Figure> {
        self.tally.figures()
    }
}

/// The ear: looks at what it hears of, one after another.
async fn listen(
    mut sweeper: Sweeper,
    mut noticed: mpsc::Receiver<(Namespace, Incarnation)>,
    finds: mpsc::Sender<Find>,
) {
    while let Some((name, inc)) = noticed.recv().await {
        let (watch, when) = match look(&mut sweeper, &name, inc).await {
            Ok(Look { sight: Sight::Garbage(watch), .. }) => (watch, When::Ripe),
            // Rows and indexes of a deleted name wait for nobody.
            Ok(Look { sight: Sight::Over(watch), .. }) => (watch, When::AtOnce),
            Ok(Look { sight: Sight::Clean | Sight::Never, .. }) => continue,
            Err(error) => {
                tracing::warn!(error = error.chain(), "a notice came to nothing");
                continue;
            }
        };
        if finds.send(Find { name, vigil: Vigil::of(watch), when }).await.is_err() {
            return;
        }
    }
}

async fn look(sweeper: &mut Sweeper, name: &Namespace, inc: Incarnation) -> Result<Look> {
    let (sweeper, its_name) = (sweeper.another(), name.clone());
    let looked = contained(async move { sweeper.look(&its_name, inc).await }).await;
    looked.context(format!("looking for garbage of namespace '{name}'"))
}

/// A task of its own, so that a panic over the objects of one name does not end the care of all.
/// It is dropped with whoever waits for it.
async fn contained<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let mut task = JoinSet::new();
    task.spawn(work);
    match task.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(panic)) => Err(Error::internal("it panicked").with_source(panic)),
        None => Err(Error::internal("it came to no end")),
    }
}
