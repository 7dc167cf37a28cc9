//! What a declaration makes of the options of one attribute, and which options a type may have.

use super::Declaration;
use crate::model::{AttrType, Options, Scalar};

impl Options {
    /// Of a new attribute, before what was declared takes its place. What is built to be searched
    /// in is not built to be filtered by as well, unless that is asked for.
    pub(super) fn before(declaration: &Declaration) -> Self {
        let searched = matches!(declaration.full_text, Some(Some(_)))
            || [declaration.regex, declaration.glob, declaration.fuzzy].contains(&Some(true));
        Self { filterable: declaration.kind.is_plain() && !searched, ..Self::none() }
    }

    /// What was said takes the place of what was. The metric is not only said here.
    pub(super) fn merge(&mut self, declaration: &Declaration) {
        let was_searched = self.is_searched();
        self.regex = declaration.regex.unwrap_or(self.regex);
        self.glob = declaration.glob.unwrap_or(self.glob);
        self.fuzzy = declaration.fuzzy.unwrap_or(self.fuzzy);
        self.sparse_knn = declaration.sparse_knn.unwrap_or(self.sparse_knn);
        self.late_interaction |= declaration.ann.is_some_and(|ann| ann.late_interaction);
        if let Some(full_text) = &declaration.full_text {
            self.full_text.clone_from(full_text);
        }
        // What is no longer searched in would be there to be looked at alone.
        let is_left = was_searched && !self.is_searched();
        self.filterable = declaration.filterable.unwrap_or(self.filterable || is_left);
    }

    fn is_searched(&self) -> bool {
        self.full_text.is_some() || self.regex || self.glob || self.fuzzy
    }

    /// Whether an attribute of this type may have them; if not, why.
    pub(super) fn check(&self, kind: AttrType) -> Result<(), String> {
        let plain_vector = matches!(kind, AttrType::Vector { .. });
        let vectors = matches!(kind, AttrType::Vectors { .. });
        let string = kind == AttrType::Scalar(Scalar::String);
        for (is_on, may_be, option, types) in [
            (self.filterable, kind.is_plain(), "filterable", "everything but vectors"),
            (self.regex, string, "regex", "string"),
            (self.glob, kind.is_text(), "glob", "string and []string"),
            (self.fuzzy, kind.is_text(), "fuzzy", "string and []string"),
            (self.sparse_knn, kind == AttrType::Sparse, "sparse_knn", "{}f16"),
            (self.metric.is_some(), plain_vector || vectors, "distance_metric", "vectors"),
            (self.late_interaction, vectors, "late_interaction", "[][N]f32"),
        ] {
            if is_on && !may_be {
                return Err(format!("{option} is for {types}, not for {kind}"));
            }
        }
        if vectors && !self.late_interaction {
            return Err(format!("ann of {kind} must have late_interaction: true"));
        }
        self.full_text.as_ref().map_or(Ok(()), |full_text| full_text.check(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ann, FullText};

    fn typed(kind: &str) -> AttrType {
        kind.parse().unwrap()
    }

    fn declared(kind: &str, change: impl Fn(&mut Declaration)) -> Options {
        let mut declaration = Declaration::of(typed(kind));
        change(&mut declaration);
        let mut options = Options::before(&declaration);
        options.merge(&declaration);
        options
    }

    #[test]
    fn what_is_not_searched_otherwise_is_filterable_unless_it_is_a_vector() {
        assert!(declared("int", |_| ()).filterable);
        assert!(declared("[]string", |_| ()).filterable);
        assert!(!declared("[2]f32", |_| ()).filterable);
        assert!(!declared("{}f16", |_| ()).filterable);
        let full_text = || Some(Some(FullText::default()));
        assert!(!declared("string", |said| said.full_text = full_text()).filterable);
        assert!(!declared("string", |said| said.regex = Some(true)).filterable);
        assert!(!declared("string", |said| said.glob = Some(true)).filterable);
        assert!(!declared("string", |said| said.fuzzy = Some(true)).filterable);
        assert!(declared("string", |said| said.full_text = Some(None)).filterable);
        assert!(declared("string", |said| said.regex = Some(false)).filterable);
        let both = declared("string", |said| {
            said.full_text = full_text();
            said.filterable = Some(true);
        });
        assert!(both.filterable && both.full_text.is_some());
    }

    #[test]
    fn what_is_not_said_stays() {
        let mut options = declared("string", |said| {
            said.full_text = Some(Some(FullText::default()));
            said.glob = Some(true);
        });
        let before = options.clone();
        options.merge(&Declaration::of(typed("string")));
        assert_eq!(options, before);
        options.merge(&Declaration { full_text: Some(None), ..Declaration::of(typed("string")) });
        assert_eq!(options, Options { full_text: None, ..before });
    }

    #[test]
    fn an_option_is_refused_where_its_type_has_none() {
        let late = Some(Ann { metric: None, late_interaction: true });
        for (kind, options, option) in [
            ("[2]f32", declared("[2]f32", |said| said.filterable = Some(true)), "filterable"),
            ("{}f16", declared("{}f16", |said| said.filterable = Some(true)), "filterable"),
            ("[]string", declared("[]string", |said| said.regex = Some(true)), "regex"),
            ("int", declared("int", |said| said.glob = Some(true)), "glob"),
            ("[]int", declared("[]int", |said| said.fuzzy = Some(true)), "fuzzy"),
            ("[2]f32", declared("[2]f32", |said| said.sparse_knn = Some(true)), "sparse_knn"),
            ("[2]f32", declared("[2]f32", |said| said.ann = late), "late_interaction"),
            ("[][2]f32", declared("[][2]f32", |_| ()), "late_interaction"),
            (
                "int",
                Options { full_text: Some(FullText::default()), ..Options::none() },
                "full_text",
            ),
        ] {
            let told = options.check(typed(kind)).unwrap_err();
            assert!(told.contains(option) && told.contains(kind), "{told}");
        }
        assert_eq!(declared("[][2]f32", |said| said.ann = late).check(typed("[][2]f32")), Ok(()));
        assert_eq!(
            declared("{}f16", |said| said.sparse_knn = Some(true)).check(typed("{}f16")),
            Ok(())
        );
    }
}
