//! How much of what an exact search finds is found: what is asked of it, and what is told.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::answer::Rows;
use super::rank;
use crate::api::error::Refusal;
use crate::api::json::{Encoding, object};
use crate::model::{
    Asked, GroundTruth, LIMIT_MAX, RECALL_SAMPLES_MAX, Rank, Recall, Recalled, Truth,
};

const SAMPLES: usize = 25;
const TOP_K: usize = 10;

pub(super) fn read(bytes: &[u8]) -> Result<Recall, Refusal> {
    let mut object = object(bytes)?;
    let (filter, rank) = rank::among(&mut object)?;
    let num = object.size("num")?;
    let top_k = object.size("top_k")?.unwrap_or(TOP_K);
    let shown = object.truth("include_ground_truth")?;
    object.end()?;
    let truth = if shown == Some(true) { GroundTruth::Shown } else { GroundTruth::Hidden };
    let top_k = bounded("top_k", top_k, LIMIT_MAX)?;
    let (samples, asked) = match rank {
        None => {
            let samples = bounded("num", num.unwrap_or(SAMPLES), RECALL_SAMPLES_MAX)?;
            (samples, Asked::Stored(samples))
        }
        Some(_) if num.is_some_and(|num| num != 1) => {
            return Err(Refusal::invalid(
                "num beside rank_by is 1: there is one query to evaluate",
            ));
        }
        Some(Rank::Nearest { attribute, vector, .. }) => (1, Asked::This { attribute, vector }),
        Some(Rank::Similar { .. } | Rank::Score(_) | Rank::Order(_)) => {
            return Err(Refusal::invalid("rank_by must be an ANN query of one vector"));
        }
    };
    if truth == GroundTruth::Shown && samples * top_k > LIMIT_MAX {
        return Err(Refusal::invalid(format!(
            "with include_ground_truth, num times top_k is at most {LIMIT_MAX}"
        )));
    }
    Ok(Recall { asked, top_k, filter, truth })
}

fn bounded(name: &str, number: usize, max: usize) -> Result<usize, Refusal> {
    if (1..=max).contains(&number) {
        return Ok(number);
    }
    Err(Refusal::invalid(format!("💔 {name} must be between 1 and {max}")))
}

pub(super) struct OfRecall<'a>(pub(super) &'a Recalled);

impl Serialize for OfRecall<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Recalled { recall, exact_count, found_count, truths } = self.0;
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("avg_recall", recall)?;
        map.serialize_entry("avg_exhaustive_count", exact_count)?;
        map.serialize_entry("avg_ann_count", found_count)?;
        if !truths.is_empty() {
            let truths: Vec<OfTruth<'_>> = truths.iter().map(OfTruth::of).collect();
            map.serialize_entry("ground_truth", &truths)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct OfTruth<'a> {
    query_vector: &'a [f32],
    nearest_neighbors: Rows<'a>,
}

impl<'a> OfTruth<'a> {
    fn of(truth: &'a Truth) -> Self {
        let nearest_neighbors = Rows { hits: &truth.nearest, encoding: Encoding::Float };
        Self { query_vector: &truth.vector, nearest_neighbors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    use crate::model::{AttrType, DocId, Element, Given, Hit, Value};

    fn asked(text: &str) -> Result<Recall, Refusal> {
        read(text.as_bytes())
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let hidden = GroundTruth::Hidden;
        let stored = Recall { asked: Asked::Stored(25), top_k: 10, filter: None, truth: hidden };
        assert_eq!(asked("{}").unwrap(), stored);
        let text = r#"{"num":1,"top_k":2,"rank_by":["v","ANN",[1]],"include_ground_truth":true}"#;
        let vector = Given::List(vec![Given::Int(1)]);
        let this = Asked::This { attribute: "v".into(), vector };
        let shown = GroundTruth::Shown;
        let expected = Recall { asked: this, top_k: 2, filter: None, truth: shown };
        assert_eq!(asked(text).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        for (text, told) in [
            (r#"{"num":0}"#, "num must be between 1 and 100"),
            (r#"{"top_k":10001}"#, "top_k must be between 1 and 10000"),
            (r#"{"num":2,"rank_by":["v","ANN",[1]]}"#, "num beside rank_by is 1"),
            (r#"{"rank_by":["id","asc"]}"#, "an ANN query of one vector"),
            (r#"{"top_k":401,"include_ground_truth":true}"#, "num times top_k is at most 10000"),
            (r#"{"filters":7}"#, "filters: data did not match"),
            (r#"{"limit":1}"#, "unknown field `limit`"),
        ] {
            let refusal = asked(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }

    #[test]
    fn what_was_found_is_told_and_the_truth_beside_it_if_it_is_asked_for() {
        let kind = AttrType::Vector { dims: 1, element: Element::F32 };
        let hit = Hit {
            id: DocId::Uint(7),
            dist: Some(0.25),
            values: vec![("v".into(), kind, Value::Vector([0.7].into()))],
            made: Vec::new(),
        };
        let mut recalled =
            Recalled { recall: 1.0, exact_count: 1.0, found_count: 1.0, truths: Vec::new() };
        let told = serde_json::to_string(&OfRecall(&recalled)).unwrap();
        assert_eq!(told, r#"{"avg_recall":1.0,"avg_exhaustive_count":1.0,"avg_ann_count":1.0}"#);
        recalled.truths.push(Truth { vector: [0.5].into(), nearest: vec![hit] });
        let told = serde_json::to_value(OfRecall(&recalled)).unwrap();
        let nearest = json!([{"id": 7, "$dist": 0.25, "v": [0.7_f32]}]);
        let truth = json!([{"query_vector": [0.5], "nearest_neighbors": nearest}]);
        assert_eq!(told["ground_truth"], truth);
    }
}
