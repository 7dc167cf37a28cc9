//! All judges together: over histories of an honest world, drawn at random, none of which they may
//! accuse, and over the same with one lie in each.

use std::collections::BTreeMap;

use super::super::words::{
    Act, Broken, COUNT, Datum, Doc, Entry, History, Newest, Said, Sight, Wish,
};
use super::honest::Honest;
use super::{Tally, judge, judged};

#[test]
fn an_honest_history_is_never_accused() {
    let mut tally = Tally::default();
    for seed in 0..400 {
        let history = Honest::of(seed, 120);
        judged(&history, &mut tally).unwrap_or_else(|Broken(told)| panic!("seed {seed}: {told}"));
    }
    // One of some ten thousand documents takes too long.
    assert!(tally.slots_cut <= 2 && tally.documents_cut <= 5, "{tally:?}");
    super::taken();
    judge(&Honest::of(1, 120)).unwrap();
    let taken = super::taken();
    assert_eq!((taken.histories, taken.histories_cut), (1, 0));
    assert!(taken.slots > 20 && taken.documents >= 6, "{taken:?}");
    assert_eq!(super::taken(), Tally::default());
}

/// A lie of some kind, if there is an occasion for it.
type Lie = fn(&mut History) -> Option<()>;

/// The last act that can be told so is told otherwise.
fn retell(history: &mut History, tell: impl Fn(&Said) -> Option<Said>) -> Option<()> {
    history.acts.iter_mut().rev().find_map(|act| {
        act.said = tell(&act.said)?;
        Some(())
    })
}

fn batches(
    history: &mut History,
) -> impl Iterator<Item = (&mut BTreeMap<u64, Doc>, &mut Vec<u64>)> {
    history.log.iter_mut().rev().filter_map(|landed| match &mut landed.entry {
        Entry::Batch { rows, gone, .. } => Some((rows, gone)),
        Entry::Fence | Entry::End => None,
    })
}

const LIES: [(&str, Lie); 13] = [
    ("a row is lost", |history| batches(history).find_map(|(rows, _)| rows.pop_first()).map(drop)),
    ("a row is another", |history| {
        let other = |doc: &mut Doc| doc.insert(COUNT, Datum::Int(77));
        batches(history).find_map(|(rows, _)| rows.values_mut().next().map(other)).map(drop)
    }),
    ("a row is deleted twice", |history| {
        let (rows, gone) = batches(history).find(|(rows, _)| rows.len() > 1)?;
        gone.push(rows.pop_last()?.0);
        Some(())
    }),
    ("a delete is forgotten", |history| {
        batches(history).find_map(|(_, gone)| gone.pop()).map(drop)
    }),
    ("a slot says nothing", |history| {
        let (rows, gone) = batches(history).find(|(rows, _)| !rows.is_empty())?;
        (*rows, *gone) = (BTreeMap::new(), Vec::new());
        Some(())
    }),
    ("one too many is counted", |history| {
        retell(history, |said| match *said {
            Said::Changed { seq, puts, patches, deletes, ref touched, stored } => {
                let touched = touched.clone();
                Some(Said::Changed { seq, puts: puts + 1, patches, deletes, touched, stored })
            }
            _ => None,
        })
    }),
    ("others were touched than is told", |history| {
        retell(history, |said| match said {
            Said::Changed { touched: Some(touched), .. } if !touched.puts.is_empty() => {
                let mut other = said.clone();
                if let Said::Changed { touched: Some(touched), .. } = &mut other {
                    touched.puts[0] += 50;
                }
                Some(other)
            }
            _ => None,
        })
    }),
    ("it lies in the slot before", |history| {
        retell(history, |said| match *said {
            Said::Changed { seq, puts: puts @ 1.., patches, deletes, ref touched, stored } => {
                let touched = touched.clone();
                Some(Said::Changed { seq: seq - 1, puts, patches, deletes, touched, stored })
            }
            _ => None,
        })
    }),
    ("what was committed was not", |history| {
        retell(history, |said| match said {
            Said::Changed { puts: 1.., .. } => Some(Said::NotCommitted("no".into())),
            _ => None,
        })
    }),
    ("what was skipped was refused", |history| {
        retell(history, |said| match said {
            Said::Changed { puts: 0, patches: 0, deletes: 0, .. } => {
                Some(Said::Refused("no".into()))
            }
            _ => None,
        })
    }),
    ("a row is not seen", |history| {
        retell(history, |said| match said {
            Said::Saw(sight) if !sight.rows.is_empty() => {
                let mut less = sight.clone();
                less.rows.pop();
                Some(Said::Saw(less))
            }
            _ => None,
        })
    }),
    ("a read is said to be younger", |history| {
        retell(history, |said| match said {
            Said::Saw(sight) if sight.count > Some(0) => {
                Some(Said::Saw(Sight { seq: sight.seq + 1, ..sight.clone() }))
            }
            _ => None,
        })
    }),
    ("a name that is there is not", |history| {
        retell(history, |said| matches!(said, Said::Saw(_)).then_some(Said::Absent))
    }),
];

#[test]
fn a_lie_is_found() {
    let honest: Vec<History> = (0..60).map(|seed| Honest::of(seed, 80)).collect();
    for (what, lie) in LIES {
        let (mut told, mut found) = (0, 0);
        for history in &honest {
            let mut history = history.clone();
            if lie(&mut history).is_some() {
                told += 1;
                found += u32::from(judged(&history, &mut Tally::default()).is_err());
            }
        }
        // Some are no lies after all: of what nobody was told, anything may be so.
        assert!(told >= 30 && found * 10 >= told * 7, "{what}: {found} of {told} were found");
    }
}

#[test]
fn both_judges_speak_where_a_client_can_tell() {
    let stale = |history: &mut History| {
        let reads = |act: &Act| matches!(act.wish, Wish::Read { newest: Newest::Strong, .. });
        let sights = history.acts.iter_mut().filter(|act| reads(act));
        let mut sights = sights.filter_map(|act| match &mut act.said {
            Said::Saw(sight) => Some(sight),
            _ => None,
        });
        let sight = sights.find(|sight| sight.rows.len() > 1)?;
        sight.rows.pop();
        sight.count = Some(sight.rows.len() as u64);
        Some(())
    };
    let (mut all, mut both) = (0, 0);
    for seed in 0..60 {
        let mut history = Honest::of(seed, 80);
        if stale(&mut history).is_some() {
            let Err(Broken(told)) = judge(&history) else { panic!("seed {seed}") };
            assert!(told.contains("number"), "seed {seed}: {told}");
            all += 1;
            both += u32::from(told.contains("has no order"));
        }
    }
    assert!(all > 20 && both * 6 > all, "{both} of {all}");
}

#[test]
fn an_answer_to_another_question_is_told() {
    let history = Honest::of(3, 60);
    for (said, expected) in [
        (Said::Names(Vec::new()), "asked at"),
        (Said::Broken("checksum".into()), "broke: checksum"),
        (Said::Failed("no store".into()), "asked at"),
    ] {
        let mut history = history.clone();
        let changes = |act: &&mut Act| matches!(act.wish, Wish::Change { .. });
        history.acts.iter_mut().find(changes).unwrap().said = said;
        let Err(Broken(told)) = judge(&history) else { panic!("{expected}") };
        assert!(told.contains(expected), "{told}");
    }
    let mut history = history;
    let act = history.acts.last_mut().unwrap();
    act.back = act.call;
    assert!(judge(&history).is_err());
}
