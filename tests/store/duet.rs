//! Two processes, of which one is stopped at each of its steps in turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use elacsym::storage::local::Folder;

use crate::play::{Images, Play, Wrap};
use crate::process::{Hook, Then};

pub(crate) type Act = fn(&Play, &Folder);

/// One process does `first` and is stopped; then another does `second`.
pub(crate) struct Duet {
    /// Done by the first, and durable, before the crashes begin.
    pub(crate) stage: Act,
    pub(crate) first: Act,
    /// Done by the second after the stage; without it, it opens the folder only when it acts.
    pub(crate) before: Option<Act>,
    pub(crate) endings: &'static [Then],
    pub(crate) second: Act,
}

pub(crate) const BOTH: &[Then] = &[Then::Dies, Then::Resumes];

impl Duet {
    pub(crate) fn survives(&self, wrap: Wrap) -> Images {
        let mut images = 0;
        for then in self.endings {
            for step in 0.. {
                match self.stopped(wrap, step, *then) {
                    Ok(Some(more)) => images += more,
                    Ok(None) => break,
                    Err(story) => {
                        return Err(format!("the first {then:?} before its step {step}, {story}"));
                    }
                }
            }
        }
        Ok(images)
    }

    /// `None` if the first does not come as far as that step.
    fn stopped(&self, wrap: Wrap, step: usize, then: Then) -> Result<Option<u64>, String> {
        let play = Play::new(wrap);
        let (process, one) = play.opened();
        (self.stage)(&play, &one);
        let two = self.before.map(|before| {
            let (_, two) = play.opened();
            before(&play, &two);
            two
        });
        play.curtain();
        let second: Hook = {
            let (play, second) = (Arc::clone(&play), self.second);
            Box::new(move || second(&play, &two.unwrap_or_else(|| play.opened().1)))
        };
        let waiting = Arc::new(Mutex::new(Some(second)));
        let reached = Arc::new(AtomicBool::new(false));
        let hook = {
            let (waiting, reached) = (Arc::clone(&waiting), Arc::clone(&reached));
            move || {
                reached.store(true, Ordering::SeqCst);
                if then == Then::Resumes {
                    play_on(&waiting);
                }
            }
        };
        process.stop_at(step, then, hook);
        (self.first)(&play, &one);
        // A killed process lets go of its locks before the other goes on; a paused one keeps them.
        drop(one);
        if !reached.load(Ordering::SeqCst) {
            return Ok(None);
        }
        if then == Then::Dies {
            play_on(&waiting);
        }
        play.survives().map(Some)
    }
}

fn play_on(waiting: &Mutex<Option<Hook>>) {
    let second = waiting.lock().unwrap().take().expect("a process is stopped once");
    second();
}
