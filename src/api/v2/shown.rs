//! The schema of a namespace, as it is shown: in two shapes, of which clients compare every key.
//!
//! By itself it has nulls where nothing may be asked, and `ann` is a bare `true`; within metadata
//! nothing is null, and `ann` names its metric.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::full_text::Settings;
use crate::model::{Attribute, Metric, Schema};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Alone,
    InMetadata,
}

pub(super) struct Shown<'a> {
    pub(super) schema: &'a Schema,
    pub(super) form: Form,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        if let Some(id_type) = self.schema.id {
            map.serialize_entry("id", &Id { kind: id_type.to_string(), form: self.form })?;
        }
        for (name, attribute) in &self.schema.attributes {
            map.serialize_entry(name, &Entry { attribute, form: self.form })?;
        }
        map.end()
    }
}

struct Id {
    kind: String,
    form: Form,
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("type", &self.kind)?;
        entry(&mut map, self.form, "filterable", None::<bool>)?;
        entry(&mut map, self.form, "full_text_search", None::<bool>)?;
        map.end()
    }
}

struct Entry<'a> {
    attribute: &'a Attribute,
    form: Form,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let Attribute { kind, options, .. } = self.attribute;
        let mut map = json.serialize_map(None)?;
        map.serialize_entry("type", &kind.to_string())?;
        if kind.is_vector() {
            match self.form {
                Form::Alone => map.serialize_entry("ann", &true)?,
                Form::InMetadata => map.serialize_entry("ann", &Ann::of(self.attribute))?,
            }
        }
        if options.sparse_knn {
            let metric = Metric::DotProduct.to_string();
            map.serialize_entry(
                "sparse_knn",
                &Ann { distance_metric: Some(metric), late_interaction: false },
            )?;
        }
        // What can never be filtered by has no such option.
        let filterable = kind.is_plain().then_some(options.filterable);
        entry(&mut map, self.form, "filterable", filterable)?;
        let full_text = options.full_text.as_ref().map(Settings::of);
        entry(&mut map, self.form, "full_text_search", full_text)?;
        let indexes = [("regex", options.regex), ("glob", options.glob), ("fuzzy", options.fuzzy)];
        for (name, on) in indexes {
            if on {
                map.serialize_entry(name, &true)?;
            }
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Ann {
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_metric: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late_interaction: bool,
}

impl Ann {
    fn of(attribute: &Attribute) -> Self {
        Self {
            distance_metric: attribute.options.metric.map(|metric| metric.to_string()),
            late_interaction: attribute.options.late_interaction,
        }
    }
}

/// What is not there is null in the one shape, and absent from the other.
fn entry<M: SerializeMap>(
    map: &mut M,
    form: Form,
    name: &str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    match form {
        Form::InMetadata if value.is_none() => Ok(()),
        Form::Alone | Form::InMetadata => map.serialize_entry(name, &value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttrNo, AttrType, Element, FullText, IdType, Options, Scalar};

    fn schema() -> Schema {
        let mut schema = Schema { id: Some(IdType::Uint), ..Schema::default() };
        let full_text = FullText { case_sensitive: true, ..FullText::default() };
        for (name, kind, options) in [
            (
                "private",
                AttrType::Scalar(Scalar::Bool),
                Options { filterable: true, ..Options::none() },
            ),
            (
                "tags",
                AttrType::Array(Scalar::String),
                Options { full_text: Some(full_text), glob: true, ..Options::none() },
            ),
            (
                "vector",
                AttrType::Vector { dims: 2, element: Element::F16 },
                Options { metric: Some(Metric::Cosine), ..Options::none() },
            ),
            ("words", AttrType::Sparse, Options { sparse_knn: true, ..Options::none() }),
        ] {
            let attribute = Attribute { number: AttrNo(0), kind, options };
            schema.attributes.insert(name.into(), attribute);
        }
        schema
    }

    fn shown(form: Form) -> serde_json::Value {
        serde_json::to_value(Shown { schema: &schema(), form }).unwrap()
    }

    fn settings() -> serde_json::Value {
        serde_json::json!({
            "k1": 1.2_f32, "k3": 8.0, "b": 0.75, "language": "english", "stemming": false,
            "max_token_length": 39, "remove_stopwords": false, "ascii_folding": false,
            "case_sensitive": true, "tokenizer": "word_v4",
        })
    }

    #[test]
    fn alone_it_has_nulls_and_a_bare_ann() {
        let expected = serde_json::json!({
            "id": {"type": "uint", "filterable": null, "full_text_search": null},
            "private": {"type": "bool", "filterable": true, "full_text_search": null},
            "tags": {
                "type": "[]string", "filterable": false, "full_text_search": settings(),
                "glob": true,
            },
            "vector": {
                "type": "[2]f16", "ann": true, "filterable": null, "full_text_search": null,
            },
            "words": {
                "type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"},
                "filterable": null, "full_text_search": null,
            },
        });
        assert_eq!(shown(Form::Alone), expected);
    }

    #[test]
    fn within_metadata_nothing_is_null_and_ann_names_its_metric() {
        let expected = serde_json::json!({
            "id": {"type": "uint"},
            "private": {"type": "bool", "filterable": true},
            "tags": {
                "type": "[]string", "filterable": false, "full_text_search": settings(),
                "glob": true,
            },
            "vector": {"type": "[2]f16", "ann": {"distance_metric": "cosine_distance"}},
            "words": {"type": "{}f16", "sparse_knn": {"distance_metric": "dot_product"}},
        });
        assert_eq!(shown(Form::InMetadata), expected);
    }
}
