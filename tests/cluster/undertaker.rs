//! Gives a name one life after another: rows, again and again, then the namespace is deleted, and
//! the next life begins under the same name. Nobody else writes to that name.

use std::sync::Arc;

use crate::board::Aim;
use crate::desk::{Desk, World};
use crate::history::{Draft, Told, What};
use crate::row::Row;
use crate::wire::{Again, Post};
use crate::wording::Wording;
use crate::writer::key;

pub(crate) const LIFE: &str = "life";
/// Long lives are folded, short ones are not.
const PUTS_MAX: u64 = 24;
/// The next life may have fewer than this one left behind.
const PARTS_MAX: u64 = 5;

#[derive(Debug)]
pub(crate) struct Undertaker {
    desk: Desk,
    who: String,
    name: String,
    acts: u64,
    life: i64,
    /// Whether that life has a row.
    there: bool,
    /// How often the life that goes on will still be put.
    puts: u64,
    parts: u64,
}

impl Undertaker {
    pub(crate) fn new(world: &Arc<World>, who: String, aim: Aim, name: &str) -> Self {
        let desk = Desk::new(world, &who, aim);
        let name = name.to_owned();
        Self { desk, who, name, acts: 0, life: 0, there: false, puts: 0, parts: 0 }
    }

    pub(crate) async fn step(&mut self) {
        self.acts += 1;
        let token = format!("{}.{}", self.who, self.acts);
        let over = self.life > 0 && self.puts == 0;
        let (what, rows, again) = if over {
            (What::End, Vec::new(), Again::AsItIs)
        } else {
            if self.puts == 0 {
                self.be_born();
            }
            let what = if self.there { What::PutInto } else { What::PutMaking };
            (what, self.rows(&token), Again::WithKey(key(&token)))
        };
        let draft = Draft { token, thing: LIFE.to_owned(), what, rows };
        // A put of a life is no later version than the one before.
        let wording = Wording { compared: false, ..Wording::drawn(&mut self.desk.chance) };
        let post = Post::of(&self.name, &draft, wording, again);
        let (_, told) = self.desk.submit(&self.name, draft, &post).await;
        match told {
            Told::Done { .. } if over => (self.life, self.there) = (-self.life, false),
            Told::Done { .. } => (self.puts, self.there) = (self.puts - 1, true),
            Told::Refused { .. } | Told::Doubt => self.desk.rest().await,
        }
    }

    /// A life that is over is counted below zero.
    fn be_born(&mut self) {
        self.life = self.life.abs() + 1;
        self.puts = 1 + self.desk.chance.below(PUTS_MAX);
        self.parts = 1 + self.desk.chance.below(PARTS_MAX);
    }

    fn rows(&mut self, token: &str) -> Vec<Row> {
        let (life, chance) = (self.life, &mut self.desk.chance);
        let row = |part| Row::new(&format!("{LIFE}/{part}"), life, token, &chance.text(200));
        (0..self.parts).map(row).collect()
    }
}
