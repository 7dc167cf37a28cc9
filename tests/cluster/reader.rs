//! A reader: it looks at names, whole or in part, and nothing it sees may be older than what it or
//! anybody else was told before.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::board::Aim;
use crate::desk::{Desk, World};
use crate::history::{Level, Scope};

/// Reading is not what is to be slowed down, but a reader at full speed leaves no time to write.
const PAUSE_MS_MAX: u64 = 25;

#[derive(Debug)]
pub(crate) struct Reader {
    desk: Desk,
    names: Vec<String>,
    /// The name that is deleted now and then.
    mortal: Option<String>,
}

impl Reader {
    pub(crate) fn new(
        world: &Arc<World>,
        who: &str,
        aim: Aim,
        names: &[String],
        mortal: Option<&str>,
    ) -> Self {
        let desk = Desk::new(world, who, aim);
        Self { desk, names: names.to_vec(), mortal: mortal.map(str::to_owned) }
    }

    pub(crate) async fn step(&mut self) {
        self.look().await;
        sleep(Duration::from_millis(self.desk.chance.below(PAUSE_MS_MAX))).await;
    }

    /// Mostly strong; else as new as what a writer was told, or as new as it happens to be.
    pub(crate) async fn look(&mut self) {
        if let Some(name) = self.mortal.clone().filter(|_| self.desk.chance.one_in(4)) {
            self.desk.look(&name, Scope::All, Level::Strong, None).await;
            return;
        }
        let name = self.desk.chance.pick(&self.names).clone();
        let (level, floor) = match self.desk.chance.below(6) {
            0 => (Level::Eventual, Some(self.desk.world.recorder.slot(&name))),
            1 => (Level::Eventual, None),
            _ => (Level::Strong, None),
        };
        let scope = match self.desk.chance.below(6) {
            0 => Scope::All,
            many => self.some_of(&name, many),
        };
        self.desk.look(&name, scope, level, floor).await;
    }

    fn some_of(&mut self, name: &str, many: u64) -> Scope {
        let things = self.desk.world.recorder.some_things(name, many, &mut self.desk.chance);
        if things.is_empty() { Scope::All } else { Scope::Things(things) }
    }
}
