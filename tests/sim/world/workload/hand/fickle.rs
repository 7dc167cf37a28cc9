//! Fickle attributes: they come, go, and are of another kind when they come again.
//!
//! What must hold: whoever writes a value that does not tell its kind declares it in the same change, which
//! is refused whole where the attribute is of another kind. So nothing is ever stored as anything but what it
//! was written as.

use super::{Hand, Part};
use crate::world::model::kind_of;
use crate::world::values::{INTS, Sample, TEXTS};
use crate::world::words::{BESIDE, COUNT, Change, Datum, FICKLE, Kind};

/// The chance that an attribute is taken for something else than what it is known to be.
const WILD: f64 = 0.15;

impl Hand<'_> {
    /// A fickle attribute comes, or goes, or is another in one and the same change.
    pub(super) fn schema(&mut self) -> Change {
        let attribute = self.chance.one_of(&FICKLE);
        let kind = self.kind(attribute);
        let mut change = Change::default();
        match self.chance.below(4) {
            0 => change.declare.push((attribute, kind)),
            1 => change.drop.push(attribute),
            2 => {
                change.declare.push((attribute, kind));
                self.add_with(&mut change, attribute, |hand| hand.fickle(kind));
            }
            _ => {
                change.drop.push(attribute);
                self.add_with(&mut change, attribute, |hand| hand.unlike(kind));
            }
        }
        change
    }

    /// One row is wrong, whatever is there, among others that are not: nothing of it may be seen.
    pub(super) fn wrong(&mut self) -> Change {
        let mut change = self.part(Part::Puts);
        let (attribute, kind) = match self.chance.below(2) {
            0 => (COUNT, Kind::Int),
            _ => {
                let attribute = self.chance.one_of(&FICKLE);
                (attribute, self.kind(attribute))
            }
        };
        change.declare.push((attribute, kind));
        let wrong = self.unlike(kind);
        if let Some((_, doc)) = change.puts.last_mut() {
            doc.insert(attribute, wrong);
        }
        change
    }

    /// What does not tell its kind comes with a declaration, as all vectors do but those of f32. Those come
    /// before what is dropped: with a drop it does not come at all.
    pub(super) fn add_kinds(change: &mut Change) {
        let Change { declare, drop, puts, patches, .. } = change;
        for (_, doc) in puts.iter_mut().chain(patches) {
            for attribute in FICKLE.into_iter().chain(BESIDE) {
                let datum = doc.get(attribute).filter(|datum| !datum.tells_kind());
                let Some(kind) = datum.map(kind_of) else { continue };
                if drop.contains(&attribute) {
                    doc.remove(attribute);
                } else if !declare.contains(&(attribute, kind)) {
                    declare.push((attribute, kind));
                }
            }
        }
    }

    /// A value of that kind, of few.
    pub(super) fn fickle(&mut self, kind: Kind) -> Datum {
        match kind {
            Kind::Int => Datum::Int(self.chance.one_of(&INTS)),
            Kind::Text => Datum::Text(self.chance.one_of(&TEXTS).to_owned()),
            Kind::Vector(dims) => Datum::Vector(self.numbers(dims)),
            Kind::Other(of) => self.sample(of.samples()),
        }
    }

    /// As it is thought to be, mostly. All documents of a wish agree on it.
    pub(super) fn kind(&self, attribute: &str) -> Kind {
        let mut chance = self.chance.fork(attribute);
        let any = chance.one_of(&self.habits.kinds);
        let wild = chance.happens(WILD);
        self.known.kind(attribute).filter(|_| !wild).unwrap_or(any)
    }

    fn add_with(
        &mut self,
        change: &mut Change,
        attribute: &'static str,
        value: impl Fn(&mut Self) -> Datum,
    ) {
        for id in self.ids() {
            let mut doc = self.bare();
            doc.insert(attribute, value(self));
            change.puts.push((id, doc));
        }
    }

    /// A value that is refused as one of that kind, and tells its own, which is always the same.
    fn unlike(&mut self, kind: Kind) -> Datum {
        let tells = |of: &Kind| match of {
            Kind::Int | Kind::Vector(_) => false,
            Kind::Text => true,
            Kind::Other(of) => of.samples().any(Sample::tells),
        };
        let own = self.habits.kinds.into_iter();
        let other = own.chain(Kind::fickle()).find(|other| *other != kind && tells(other));
        match other.expect("texts tell their kind, and so do truths") {
            Kind::Other(of) => self.sample(of.samples().filter(|sample| sample.tells())),
            other => self.fickle(other),
        }
    }

    fn sample(&mut self, samples: impl Iterator<Item = Sample>) -> Datum {
        let samples: Vec<Sample> = samples.collect();
        Datum::Other(self.chance.one_of(&samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::plan::Plan;
    use crate::world::words::Doc;
    use crate::world::workload::seen::Known;

    #[test]
    fn a_value_unlike_a_kind_is_of_another_and_tells_it() {
        for seed in 0..40 {
            let plan = Plan::of(seed);
            let chance = plan.chance("unlike");
            let known = Known::default();
            let mut hand = Hand { habits: &plan.habits, chance, known, no: 1 };
            for kind in Kind::fickle() {
                let unlike = hand.unlike(kind);
                assert!(kind_of(&unlike) != kind && unlike.tells_kind(), "{kind:?}: {unlike:?}");
                assert_eq!(kind_of(&hand.unlike(kind)), kind_of(&unlike), "{kind:?}");
            }
        }
    }

    #[test]
    fn what_does_not_tell_its_kind_is_declared_unless_the_attribute_goes() {
        let [a, b] = FICKLE;
        let doc = |value| Doc::from([(a, Datum::Int(value)), (b, Datum::Text("f-0".into()))]);
        let writes =
            Change { puts: vec![(1, doc(1))], patches: vec![(2, doc(2))], ..Change::default() };
        let mut change = writes.clone();
        Hand::add_kinds(&mut change);
        assert_eq!(change, Change { declare: vec![(a, Kind::Int)], ..writes.clone() });
        let mut change = Change { drop: vec![a, b], ..writes };
        Hand::add_kinds(&mut change);
        assert!(change.declare.is_empty(), "{change:?}");
        for (_, doc) in change.puts.iter().chain(&change.patches) {
            assert!(doc.keys().copied().eq([b]), "{doc:?}");
        }
    }
}
