//! A run of a target: what was kept is judged again, and then what is made of it by chance, for as long
//! as there is time.
//!
//! Nobody counts branches here. What leads on is what an input is answered: one that is accepted, or is
//! answered as none was before, is bent further. So damage adds up, and the pool grows towards what the
//! checks behind the first ones have to say.
//!
//! The same seed goes the same way, as far as it comes. A law that is broken is told with its input, which
//! is kept in the corpus; one that takes the process with it is kept by `last`. Either is judged first by
//! the next run.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::time::Duration;

use elacsym::env::{Clock, Dice};

use crate::corpus::Corpus;
use crate::last::Last;
use crate::panics;
use crate::random::Random;
use crate::target::{Answer, Target};

/// Where nobody says how long.
const SECONDS: u64 = 10;
const SEED: u64 = 1;
/// A busy machine is a few times slower, and what has no end never comes to it.
const ONE_TIME_MAX: Duration = Duration::from_secs(10);
/// Where the time is over before all was reached: so many times as long.
const PATIENCE: u32 = 6;
const POOL_MAX: usize = 400;
const POOL_BYTES_MAX: usize = 8 << 10;
const ANSWERS_MAX: usize = 10_000;
/// Files that one run adds to a corpus.
const KEPT_MAX: usize = 20;

struct Fuzz<T> {
    target: T,
    random: Random,
    clock: Clock,
    /// First those that were there, which stay, and then what was found.
    pool: Vec<Vec<u8>>,
    given: usize,
    /// What inputs that were made here were answered, and how often.
    answers: BTreeMap<String, u64>,
    /// What those were answered that were there.
    known: BTreeSet<String>,
    accepted: u64,
}

/// Whether an answer was heard before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Novelty {
    New,
    Old,
}

impl<T: Target> Fuzz<T> {
    fn of(target: T, seed: u64) -> Self {
        Self {
            target,
            random: Random::of(seed),
            clock: Clock::start(),
            pool: Vec::new(),
            given: 0,
            answers: BTreeMap::new(),
            known: BTreeSet::new(),
            accepted: 0,
        }
    }

    /// An input that is there already, or the law that it breaks.
    fn give(&mut self, input: Vec<u8>) -> Result<(), String> {
        let (Answer::Accepted(words) | Answer::Refused(words)) = self.judge(&input)?;
        self.known.insert(words);
        self.pool.push(input);
        self.given = self.pool.len();
        Ok(())
    }

    fn make(&mut self) -> Vec<u8> {
        let among = *self.random.one_of(&[self.given, self.pool.len()]);
        let input = self.random.below(among);
        let other = self.random.below(self.pool.len());
        self.target.bend(&mut self.random, &self.pool[input], &self.pool[other])
    }

    /// An input that was made.
    fn meet(&mut self, input: &[u8]) -> Result<Novelty, String> {
        let answer = self.judge(input)?;
        let is_accepted = matches!(answer, Answer::Accepted(_));
        self.accepted += u64::from(is_accepted);
        let (Answer::Accepted(words) | Answer::Refused(words)) = answer;
        let new = !self.known.contains(&words) && !self.answers.contains_key(&words);
        if self.answers.len() < ANSWERS_MAX || !new {
            *self.answers.entry(words).or_default() += 1;
        }
        if (new || is_accepted) && input.len() <= POOL_BYTES_MAX {
            self.admit(input.to_vec());
        }
        Ok(if new { Novelty::New } else { Novelty::Old })
    }

    fn admit(&mut self, input: Vec<u8>) {
        let room = POOL_MAX.max(2 * self.given);
        if self.pool.len() < room {
            self.pool.push(input);
        } else {
            let place = self.given + self.random.below(room - self.given);
            self.pool[place] = input;
        }
    }

    fn judge(&self, input: &[u8]) -> Result<Answer, String> {
        let began = self.clock.now();
        let judged = panics::held(|| self.target.judge(input));
        let answer = judged.map_err(|story| format!("it {story}"))?;
        let answer = answer.map_err(|why| format!("{why}\n{}", panics::caught()))?;
        let took = self.clock.now().saturating_sub(began);
        if took > ONE_TIME_MAX {
            return Err(format!("it took {} seconds", took.as_secs()));
        }
        Ok(answer)
    }

    fn reached(&self, words: &str) -> bool {
        self.answers.keys().any(|answer| answer.contains(words))
    }
}

/// Fuzzes, and tells by the answers in `reach` that it did not stop at the door.
pub(crate) fn run(target: impl Target, reach: &[&str]) {
    let (name, corpus) = (target.name(), Corpus::of(target.name(), target.ending()));
    let long = number("ELACSYM_FUZZ_SECS");
    let any = || if long.is_none() { SEED } else { Dice::from_os().draw() as u64 };
    let seed = number("ELACSYM_FUZZ_SEED").unwrap_or_else(any);
    let (mut last, left) = Last::of(name);
    // Now: what never comes back would take them with it.
    eprintln!(
        "{name}: ELACSYM_FUZZ_SEED={seed}, and the input at hand is in {}",
        last.path().display()
    );
    let mut fuzz = Fuzz::of(target, seed);
    replay(&mut fuzz, &mut last, left, &corpus);

    let time = Duration::from_secs(long.unwrap_or(SECONDS));
    let began = fuzz.clock.now();
    let (mut rounds, mut kept) = (0_u64, 0);
    loop {
        let spent = fuzz.clock.now().saturating_sub(began);
        let is_all_reached = || reach.iter().all(|words| fuzz.reached(words));
        if spent >= time * PATIENCE || spent >= time && is_all_reached() {
            break;
        }
        // Time is looked at now and then.
        for _ in 0..16 {
            let input = fuzz.make();
            last.note(&input);
            let met = fuzz.meet(&input).unwrap_or_else(|why| broken(&corpus, &input, &why));
            if met == Novelty::New
                && long.is_some()
                && kept < KEPT_MAX
                && input.len() < POOL_BYTES_MAX
            {
                eprintln!("{name}: {} is answered as none was", corpus.keep(&input).display());
                kept += 1;
            }
            rounds += 1;
        }
    }
    last.clear();
    let (accepted, answers) = (fuzz.accepted, fuzz.answers.len());
    eprintln!("{name}: {rounds} inputs, {accepted} accepted, {answers} answers");
    for words in reach {
        assert!(fuzz.reached(words), "{words:?} was never answered: {:#?}", fuzz.answers);
    }
    assert!(accepted > 0 && answers > 1, "{accepted} accepted, {:#?}", fuzz.answers);
}

/// What is there, each as if it had just been found.
fn replay<T: Target>(fuzz: &mut Fuzz<T>, last: &mut Last, left: Option<Vec<u8>>, corpus: &Corpus) {
    if let Some(input) = left {
        eprintln!("the run before ended in the middle of an input: that one first");
        fuzz.give(input.clone()).unwrap_or_else(|why| broken(corpus, &input, &why));
    }
    for (path, input) in corpus.inputs() {
        last.note(&input);
        fuzz.give(input).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    }
    for input in fuzz.target.seeds() {
        last.note(&input);
        fuzz.give(input.clone()).unwrap_or_else(|why| broken(corpus, &input, &why));
    }
    assert!(fuzz.given > 0, "there is nothing to begin with");
}

fn broken(corpus: &Corpus, input: &[u8], why: &str) -> ! {
    let path = corpus.keep(input);
    let shown = String::from_utf8_lossy(input);
    panic!("{why}\nthe input is kept in {}, and judged first from now on:\n{shown}", path.display())
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse::<u64>().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}

/// So many rounds from that seed: what was answered, and what is in the pool then.
pub(crate) fn way<T: Target>(target: T, seed: u64, rounds: usize) -> (Vec<String>, Vec<Vec<u8>>) {
    let mut fuzz = Fuzz::of(target, seed);
    fuzz.target.seeds().into_iter().for_each(|input| fuzz.give(input).unwrap());
    for _ in 0..rounds {
        let input = fuzz.make();
        fuzz.meet(&input).unwrap();
    }
    (fuzz.answers.into_keys().collect(), fuzz.pool)
}
