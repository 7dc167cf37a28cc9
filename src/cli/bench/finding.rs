//! What was found: a figure, what it should be, and what it is to be compared with.

use crate::cli::json::quoted;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    None,
    AtLeast(f64),
    AtMost(f64),
    /// What it comes to if the store is all that takes time: compared, and not judged.
    About(f64),
}

/// Whether the targets were set for what was measured here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    Judged,
    /// They were set for another store, or for more than was measured.
    Shown,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    what: String,
    /// No number, if there was nothing to measure.
    value: f64,
    unit: &'static str,
    target: Target,
    beside: String,
}

impl Finding {
    pub(super) fn of(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, target: Target::None, beside: String::new() }
    }

    pub(super) fn at_least(self, target: f64) -> Self {
        Self { target: Target::AtLeast(target), ..self }
    }

    pub(super) fn at_most(self, target: f64) -> Self {
        Self { target: Target::AtMost(target), ..self }
    }

    pub(super) fn about(self, target: f64) -> Self {
        Self { target: Target::About(target), ..self }
    }

    /// What it is compared with, or made of.
    pub(super) fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }

    fn met(&self, aim: Aim) -> Option<bool> {
        match (aim, self.target) {
            (Aim::Shown, _) | (_, Target::None | Target::About(_)) => None,
            // What is no number meets nothing.
            (Aim::Judged, Target::AtLeast(target)) => Some(self.value >= target),
            (Aim::Judged, Target::AtMost(target)) => Some(self.value <= target),
        }
    }

    /// As a row of a table. A target that was set for something else stands in brackets.
    pub(super) fn cells(&self, aim: Aim) -> [String; 4] {
        let (sign, target) = match self.target {
            Target::None => ("", String::new()),
            Target::AtLeast(target) => ("≥ ", self.with_unit(target)),
            Target::AtMost(target) => ("≤ ", self.with_unit(target)),
            Target::About(target) => ("≈ ", self.with_unit(target)),
        };
        let target = match (self.met(aim), aim) {
            _ if target.is_empty() => target,
            (Some(true), _) => format!("{sign}{target}, met"),
            (Some(false), _) => format!("{sign}{target}, MISSED"),
            (None, Aim::Judged) => format!("{sign}{target}"),
            (None, Aim::Shown) => format!("({sign}{target})"),
        };
        [self.what.clone(), self.with_unit(self.value), target, self.beside.clone()]
    }

    fn with_unit(&self, value: f64) -> String {
        match (value.is_finite(), self.unit) {
            (false, _) => "none".to_owned(),
            (true, "") => spell(value),
            (true, unit) => format!("{} {unit}", spell(value)),
        }
    }

    /// One object of JSON, without a line break. `place` and `measure` tell where it was found.
    pub(super) fn json(&self, place: &str, measure: &str, aim: Aim) -> String {
        let number = |value: f64| match value.is_finite() {
            true => value.to_string(),
            false => "null".to_owned(),
        };
        let (target, bound) = match self.target {
            Target::None => ("null".to_owned(), "null"),
            Target::AtLeast(target) => (number(target), "\"at_least\""),
            Target::AtMost(target) => (number(target), "\"at_most\""),
            Target::About(target) => (number(target), "\"about\""),
        };
        let met = self.met(aim).map_or("null", |met| if met { "true" } else { "false" });
        let value = number(self.value);
        let [place, measure, what, unit, beside] =
            [place, measure, &self.what, self.unit, &self.beside].map(quoted);
        format!(
            "{{\"place\":{place},\"measure\":{measure},\"figure\":{what},\"value\":{value},\
             \"unit\":{unit},\"target\":{target},\"bound\":{bound},\"met\":{met},\
             \"beside\":{beside}}}"
        )
    }
}

/// Three digits of what is small, and all of what is large.
fn spell(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 || size >= 100.0 {
        grouped(value)
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", &*digits),
    };
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_digits_that_are_worth_reading() {
        for (value, text) in [
            (0.0, "0"),
            (0.127, "0.13"),
            (3.0, "3"),
            (12.34, "12.3"),
            (225.0, "225"),
            (999.6, "1,000"),
            (20_000.0, "20,000"),
            (1_234_567.8, "1,234,568"),
            (-1234.0, "-1,234"),
        ] {
            assert_eq!(spell(value), text);
        }
    }

    #[test]
    fn a_figure_stands_beside_its_target_and_is_judged_where_that_was_set() {
        let rate = Finding::of("rows", 19_000.0, "rows/s").at_least(20_000.0).beside("64 clients");
        let cells = |finding: &Finding, aim| finding.cells(aim)[2].clone();
        assert_eq!(
            rate.cells(Aim::Judged),
            ["rows", "19,000 rows/s", "≥ 20,000 rows/s, MISSED", "64 clients"]
        );
        assert_eq!(cells(&rate, Aim::Shown), "(≥ 20,000 rows/s)");
        let refused = Finding::of("429", 0.0, "").at_most(0.0);
        assert_eq!(cells(&refused, Aim::Judged), "≤ 0, met");
        let first = Finding::of("first", 231.0, "ms").about(225.0);
        assert_eq!(cells(&first, Aim::Judged), "≈ 225 ms");
        assert_eq!(cells(&Finding::of("p50", 1.0, "ms"), Aim::Judged), "");
    }

    #[test]
    fn what_was_not_measured_meets_nothing() {
        for finding in [
            Finding::of("p99", f64::NAN, "ms").at_most(1.0),
            Finding::of("p99", f64::NAN, "ms").at_least(1.0),
        ] {
            assert_eq!(finding.cells(Aim::Judged)[1], "none");
            assert!(finding.cells(Aim::Judged)[2].ends_with(", MISSED"));
        }
    }

    #[test]
    fn a_machine_reads_the_same() {
        let finding = Finding::of("a \"b\"\n", 0.5, "ms").at_most(1.0);
        assert_eq!(
            finding.json("slow", "single", Aim::Judged),
            "{\"place\":\"slow\",\"measure\":\"single\",\"figure\":\"a \\\"b\\\"\\u000a\",\
             \"value\":0.5,\"unit\":\"ms\",\"target\":1,\"bound\":\"at_most\",\"met\":true,\
             \"beside\":\"\"}"
        );
        let none = Finding::of("a", f64::NAN, "").json("p", "m", Aim::Judged);
        assert!(none.contains("\"value\":null") && none.contains("\"met\":null"), "{none}");
    }
}
