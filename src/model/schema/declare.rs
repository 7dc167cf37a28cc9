//! What a request declares becomes edits of the schema, or is refused. What it does not say of an
//! attribute that is there stays; of a new one it has its default.
//!
//! The type of an attribute, the kind of ids, the metric and, once a document was written, the set
//! of vector attributes never change.

use super::{Declaration, Schema, SchemaChange, SchemaEdit, VectorFault, agreed};
use crate::error::{Error, Result};
use crate::model::given::short;
use crate::model::{
    ATTRIBUTE_NAME_BYTES_MAX, ATTRIBUTES_MAX, AttrNo, Attribute, IdType, Metric, Options,
    VECTOR_ATTRIBUTES_MAX,
};

/// In the schema of a request it is not an attribute.
const ID: &str = "id";
/// The name by which the contract knows a vector that nobody declared.
pub(super) const VECTOR: &str = "vector";

impl Schema {
    /// The edits that make it what was asked; none, if it is that already. To drop what is not
    /// there is no mistake: the request may have come twice.
    pub fn declare(
        &self,
        changes: &[(Box<str>, SchemaChange)],
        id_type: Option<IdType>,
        metric: Option<Metric>,
    ) -> Result<Vec<SchemaEdit>> {
        let metric = metrics_of(changes).try_fold(agreed(self.metric(), metric)?, agreed)?;
        let mut plan = Plan { after: self.clone(), metric, edits: Vec::new() };
        if let Some(id_type) = id_type {
            plan.declare_id(id_type)?;
        }
        for (name, change) in changes {
            match change {
                SchemaChange::Declare(declaration) => plan.declare(name, declaration)?,
                SchemaChange::Drop => plan.remove(name),
            }
        }
        plan.done()
    }
}

struct Plan {
    /// The schema with the edits so far.
    after: Schema,
    /// What the namespace or this request has named, wherever in it.
    metric: Option<Metric>,
    edits: Vec<SchemaEdit>,
}

impl Plan {
    fn declare_id(&mut self, id_type: IdType) -> Result<()> {
        match self.after.id {
            None => self.push(SchemaEdit::IdType(id_type)),
            Some(known) if known == id_type => {}
            Some(known) => return Err(retyped(ID, &known.to_string(), &id_type.to_string())),
        }
        Ok(())
    }

    fn declare(&mut self, name: &str, declaration: &Declaration) -> Result<()> {
        let kind = declaration.kind;
        let known = self.after.attributes.get(name).cloned();
        let mut attribute = match &known {
            Some(known) if known.kind != kind => {
                return Err(retyped(name, &known.kind.to_string(), &kind.to_string()));
            }
            Some(known) => known.clone(),
            None => self.added(name, declaration)?,
        };
        let options = &mut attribute.options;
        options.merge(declaration);
        options.metric = options.metric.or(self.metric_of(name, declaration)?);
        // An older release may have let in what this one would not.
        if known.as_ref() == Some(&attribute) {
            return Ok(());
        }
        attribute.options.check(kind).map_err(|why| refused(name, &why))?;
        if kind.is_vector() && attribute.options.metric.is_none() {
            return Err(VectorFault::NoMetric.told());
        }
        self.push(SchemaEdit::Set { name: name.into(), attribute });
        Ok(())
    }

    /// An attribute that is new, with the options that it has by default.
    fn added(&self, name: &str, declaration: &Declaration) -> Result<Attribute> {
        let kind = declaration.kind;
        check_name(name)?;
        if kind.is_vector() && self.after.settled {
            let why = "a vector attribute cannot be added after the first document";
            return Err(refused(name, why));
        }
        if kind.is_vector() && declaration.ann.is_none() {
            return Err(SchemaChange::unsearched(name));
        }
        // A number is never reused, so in a very long life they may run out.
        if self.after.numbers == u32::MAX {
            return Err(refused(name, "the namespace has had as many attributes as it can number"));
        }
        let number = AttrNo(self.after.numbers);
        Ok(Attribute { number, kind, options: Options::before(declaration) })
    }

    /// The metric of a vector attribute, which is that of the namespace.
    fn metric_of(&self, name: &str, declaration: &Declaration) -> Result<Option<Metric>> {
        match declaration.ann {
            _ if declaration.kind.is_vector() => Ok(self.metric),
            None => Ok(None),
            Some(_) => {
                let why = format!("ann is for vectors, not for {}", declaration.kind);
                Err(refused(name, &why))
            }
        }
    }

    fn remove(&mut self, name: &str) {
        let known = self.after.attributes.get(name).map(|attribute| attribute.number);
        if let Some(number) = known {
            self.push(SchemaEdit::Drop { number });
        }
    }

    fn push(&mut self, edit: SchemaEdit) {
        self.after.apply(&edit);
        self.edits.push(edit);
    }

    fn done(self) -> Result<Vec<SchemaEdit>> {
        let attributes = &self.after.attributes;
        let vectors = attributes.values().filter(|attribute| attribute.kind.is_vector()).count();
        for (what, count, max) in [
            ("attributes", attributes.len(), ATTRIBUTES_MAX),
            ("vector attributes", vectors, VECTOR_ATTRIBUTES_MAX),
        ] {
            if count > max {
                return Err(Error::invalid(format!(
                    "🙅 invalid schema update: a namespace has at most {max} {what}, not {count}"
                )));
            }
        }
        Ok(self.edits)
    }
}

impl SchemaChange {
    /// Of a vector that is declared without `ann`, or as one that is not searched.
    pub fn unsearched(name: &str) -> Error {
        Error::invalid(if name == VECTOR {
            "💔 the `vector` attribute must have `ann` set to `true`".to_owned()
        } else {
            format!("vector attribute '{name}' must have ann:true")
        })
    }
}

/// What vectors say of their metric: the first of them may leave it to the last.
fn metrics_of(changes: &[(Box<str>, SchemaChange)]) -> impl Iterator<Item = Option<Metric>> {
    changes.iter().map(|(_, change)| match change {
        SchemaChange::Declare(Declaration { kind, ann, .. }) if kind.is_vector() => {
            ann.and_then(|ann| ann.metric)
        }
        SchemaChange::Declare(_) | SchemaChange::Drop => None,
    })
}

fn check_name(name: &str) -> Result<()> {
    let why = if name.is_empty() {
        "a name is not empty".to_owned()
    } else if name.len() > ATTRIBUTE_NAME_BYTES_MAX {
        format!("a name has at most {ATTRIBUTE_NAME_BYTES_MAX} bytes, this one has {}", name.len())
    } else if name.starts_with('$') {
        "a name does not start with '$'".to_owned()
    } else if name == ID {
        "'id' is the id of the document".to_owned()
    } else {
        return Ok(());
    };
    Err(refused(name, &why))
}

pub(super) fn refused(name: &str, why: &str) -> Error {
    let name = short(name);
    Error::invalid(format!("🙅 invalid schema update for attribute '{name}': {why}"))
}

fn retyped(name: &str, from: &str, to: &str) -> Error {
    refused(name, &format!("cannot change attribute type from {from} to {to}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ann, FullText, any};

    use proptest::prelude::*;

    const COSINE: Option<Metric> = Some(Metric::Cosine);
    const EUCLIDEAN: Option<Metric> = Some(Metric::EuclideanSquared);

    fn bare(name: &str, kind: &str) -> (Box<str>, SchemaChange) {
        (name.into(), SchemaChange::Declare(Declaration::of(kind.parse().unwrap())))
    }

    fn vector(name: &str, kind: &str, metric: Option<Metric>) -> (Box<str>, SchemaChange) {
        let ann = Some(Ann { metric, late_interaction: kind.starts_with("[]") });
        let declaration = Declaration { ann, ..Declaration::of(kind.parse().unwrap()) };
        (name.into(), SchemaChange::Declare(declaration))
    }

    fn drop(name: &str) -> (Box<str>, SchemaChange) {
        (name.into(), SchemaChange::Drop)
    }

    fn declared(changes: &[(Box<str>, SchemaChange)], metric: Option<Metric>) -> Schema {
        let schema = Schema::default();
        schema.with(&schema.declare(changes, None, metric).unwrap())
    }

    fn told(
        schema: &Schema,
        changes: &[(Box<str>, SchemaChange)],
        metric: Option<Metric>,
    ) -> String {
        schema.declare(changes, None, metric).unwrap_err().to_string()
    }

    /// As a request would say what is there.
    fn said(attribute: &Attribute) -> Declaration {
        let Attribute { kind, options, .. } = attribute;
        let ann = Ann { metric: options.metric, late_interaction: options.late_interaction };
        Declaration {
            kind: *kind,
            filterable: Some(options.filterable),
            full_text: Some(options.full_text.clone()),
            ann: kind.is_vector().then_some(ann),
            sparse_knn: Some(options.sparse_knn),
            regex: Some(options.regex),
            glob: Some(options.glob),
            fuzzy: Some(options.fuzzy),
        }
    }

    fn all_said(schema: &Schema) -> Vec<(Box<str>, SchemaChange)> {
        let attributes = schema.attributes.iter();
        attributes
            .map(|(name, attribute)| (name.clone(), SchemaChange::Declare(said(attribute))))
            .collect()
    }

    proptest! {
        #[test]
        fn to_declare_what_is_there_changes_nothing(schema in any::any_schema()) {
            let edits = schema.declare(&all_said(&schema), schema.id, schema.metric());
            prop_assert_eq!(edits.ok(), Some(Vec::new()));
        }

        #[test]
        fn any_schema_can_be_declared_from_nothing(schema in any::any_schema()) {
            let nothing = Schema::default();
            let edits = nothing.declare(&all_said(&schema), schema.id, None).unwrap();
            let made = nothing.with(&edits);
            prop_assert_eq!(made.id, schema.id);
            prop_assert_eq!(all_said(&made), all_said(&schema));
        }
    }

    #[test]
    fn the_type_of_an_attribute_does_not_change() {
        let schema = declared(&[bare("a", "string"), vector("v", "[2]f32", COSINE)], None);
        assert_eq!(
            told(&schema, &[bare("a", "int")], None),
            "🙅 invalid schema update for attribute 'a': \
             cannot change attribute type from string to int"
        );
        let wider = told(&schema, &[vector("v", "[3]f32", COSINE)], None);
        assert!(wider.ends_with("from [2]f32 to [3]f32"), "{wider}");
        let twice = told(&Schema::default(), &[bare("a", "int"), bare("a", "uint")], None);
        assert!(twice.ends_with("from int to uint"), "{twice}");
    }

    #[test]
    fn the_kind_of_ids_is_said_once() {
        let nothing = Schema::default();
        let edits = nothing.declare(&[], Some(IdType::Uuid), None).unwrap();
        assert_eq!(edits, [SchemaEdit::IdType(IdType::Uuid)]);
        let schema = nothing.with(&edits);
        assert!(schema.declare(&[], Some(IdType::Uuid), None).unwrap().is_empty());
        let told = schema.declare(&[], Some(IdType::Uint), None).unwrap_err().to_string();
        assert!(told.contains("'id'") && told.ends_with("from uuid to uint"), "{told}");
    }

    #[test]
    fn numbers_are_given_out_once() {
        let schema = declared(&[bare("a", "int"), bare("b", "int")], None);
        assert_eq!(schema.attributes["b"].number, AttrNo(1));
        let again = schema.declare(&[drop("b"), bare("b", "string")], None, None).unwrap();
        assert_eq!(again[0], SchemaEdit::Drop { number: AttrNo(1) });
        let schema = schema.with(&again);
        assert_eq!(schema.attributes["b"].number, AttrNo(2));
        assert_eq!(schema.numbers, 3);
        let last = Schema { numbers: u32::MAX, ..schema };
        assert!(told(&last, &[bare("c", "int")], None).contains("'c'"));
    }

    #[test]
    fn what_is_not_there_is_dropped_already() {
        let schema = declared(&[bare("a", "int")], None);
        assert!(schema.declare(&[drop("b")], None, None).unwrap().is_empty());
    }

    #[test]
    fn a_vector_has_the_one_metric_of_its_namespace() {
        let either = [
            declared(&[vector("v", "[2]f32", None)], COSINE),
            declared(&[vector("v", "[2]f32", COSINE)], None),
            declared(&[vector("v", "[2]f32", COSINE)], COSINE),
        ];
        for schema in &either {
            assert_eq!(schema.attributes["v"].options.metric, COSINE);
            let mismatch =
                "💔 distance metric mismatch, expected cosine_distance, got euclidean_squared";
            assert_eq!(told(schema, &[], EUCLIDEAN), mismatch);
            assert_eq!(told(schema, &[vector("w", "[2]f32", EUCLIDEAN)], None), mismatch);
            assert_eq!(schema.check_metric(EUCLIDEAN).unwrap_err().to_string(), mismatch);
            assert!(schema.check_metric(COSINE).is_ok() && schema.check_metric(None).is_ok());
            let more =
                schema.with(&schema.declare(&[vector("w", "[2]i8", None)], None, None).unwrap());
            assert_eq!(more.attributes["w"].options.metric, COSINE);
        }
        let nothing = Schema::default();
        assert!(told(&nothing, &[vector("v", "[2]f32", COSINE)], EUCLIDEAN).contains("mismatch"));
        let two = [vector("v", "[2]f32", COSINE), vector("w", "[2]f32", EUCLIDEAN)];
        assert!(told(&nothing, &two, None).contains("mismatch"));
        for kind in ["[2]f32", "[][2]f32"] {
            assert_eq!(
                told(&nothing, &[vector("v", kind, None)], None),
                "💔 distance_metric must be specified for write to namespace with a vector"
            );
            assert!(nothing.declare(&[vector("v", kind, None)], None, COSINE).is_ok(), "{kind}");
            // Whichever of two says it.
            let (says, leaves) = (vector("v", "[2]f32", COSINE), vector("w", kind, None));
            for both in [[says.clone(), leaves.clone()], [leaves, says]] {
                assert_eq!(declared(&both, None).attributes["w"].options.metric, COSINE);
            }
        }
    }

    #[test]
    fn a_new_vector_says_that_it_is_searched() {
        let nothing = Schema::default();
        assert!(
            told(&nothing, &[bare("vector", "[2]f32")], COSINE).contains("`ann` set to `true`")
        );
        let other = told(&nothing, &[bare("embedding", "[2]f32")], COSINE);
        assert_eq!(other, "vector attribute 'embedding' must have ann:true");
        assert!(told(&nothing, &[vector("a", "int", None)], COSINE).contains("ann is for vectors"));
        let schema = declared(&[vector("v", "[2]f32", COSINE)], None);
        assert!(schema.declare(&[bare("v", "[2]f32")], None, None).unwrap().is_empty());
    }

    #[test]
    fn vectors_are_not_added_after_the_first_document() {
        let schema = declared(&[vector("v", "[2]f32", COSINE)], None);
        let settled = schema.with(&[SchemaEdit::Settled]);
        for kind in ["[2]f32", "[][2]f32"] {
            let told = told(&settled, &[vector("w", kind, None)], None);
            assert!(told.contains("'w'") && told.contains("first document"), "{told}");
        }
        assert!(settled.declare(&[vector("v", "[2]f32", None)], None, None).unwrap().is_empty());
        assert!(settled.declare(&[bare("s", "{}f16")], None, None).is_ok());
    }

    #[test]
    fn a_namespace_has_so_many_attributes_and_no_more() {
        let many = |count: usize| -> Vec<_> {
            (0..count).map(|at| bare(&format!("a{at}"), "int")).collect()
        };
        let full = declared(&many(ATTRIBUTES_MAX), None);
        assert!(told(&full, &[bare("b", "int")], None).contains("1024"));
        assert!(full.declare(&[bare("b", "int"), drop("a7")], None, None).is_ok());
        let vectors = |count: usize| -> Vec<_> {
            (0..count).map(|at| vector(&format!("v{at}"), "[1]f32", COSINE)).collect()
        };
        let full = declared(&vectors(VECTOR_ATTRIBUTES_MAX), None);
        assert!(told(&full, &[vector("w", "[1]f32", None)], None).contains("8 vector attributes"));
    }

    #[test]
    fn a_name_that_means_something_else_is_refused() {
        let long = "x".repeat(ATTRIBUTE_NAME_BYTES_MAX + 1);
        for (name, why) in
            [("", "empty"), ("$dist", "'$'"), ("id", "id of the document"), (&*long, "128 bytes")]
        {
            let told = told(&Schema::default(), &[bare(name, "int")], None);
            assert!(told.contains(why), "{told}");
        }
        let longest = "x".repeat(ATTRIBUTE_NAME_BYTES_MAX);
        assert!(Schema::default().declare(&[bare(&longest, "int")], None, None).is_ok());
    }

    #[test]
    fn options_that_a_type_has_not_are_refused_by_the_name_of_the_attribute() {
        let regex = Declaration { regex: Some(true), ..Declaration::of("int".parse().unwrap()) };
        let told = told(&Schema::default(), &[("a".into(), SchemaChange::Declare(regex))], None);
        assert!(told.contains("'a'") && told.contains("regex"), "{told}");
    }

    /// A client says its schema with each write: it goes on where what it says was let in once.
    #[test]
    fn what_would_not_be_let_in_any_more_stays_and_may_be_said_again() {
        let language = "turkish".into();
        let text = FullText { language, remove_stopwords: true, ..FullText::default() };
        let said = Declaration {
            full_text: Some(Some(text.clone())),
            ..Declaration::of("string".parse().unwrap())
        };
        let again: [(Box<str>, _); 1] = [("a".into(), SchemaChange::Declare(said))];
        assert!(told(&Schema::default(), &again, None).contains("remove_stopwords"));
        let mut schema = declared(&[bare("a", "string")], None);
        let options = Options { full_text: Some(text), ..Options::none() };
        schema.attributes.get_mut("a").unwrap().options = options;
        assert!(schema.declare(&again, None, None).unwrap().is_empty());
    }
}
