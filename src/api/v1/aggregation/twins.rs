//! Twins: buckets that one object would have under one name. A `format` may be too coarse to tell them
//! apart, and whether it is, only the buckets that are told can say.

use std::sync::Arc;

use super::answer::{Told, text};
use super::{Form, Shape};
use crate::api::error::Refusal;
use crate::api::json::quoted;
use crate::memory::Memory;
use crate::model::aggregation::{Bucket, Buckets, Summary};

impl Told<'_> {
    /// Whoever reads an object would see one of the two, and not know that there is another.
    pub(in crate::api::v1) fn refuse_twins(&self, memory: &Memory) -> Result<(), Refusal> {
        refuse(self.named, self.shapes, "", memory)
    }
}

fn refuse(
    named: &[(Arc<str>, Summary)],
    shapes: &[Shape],
    above: &str,
    memory: &Memory,
) -> Result<(), Refusal> {
    for ((name, summary), shape) in named.iter().zip(shapes) {
        let Summary::Buckets(Buckets { buckets, .. }) = summary else { continue };
        if !may_have_twins(shape) {
            continue;
        }
        let path = if above.is_empty() { name.to_string() } else { format!("{above}>{name}") };
        if names_by_format(shape)
            && let Some(key) = twin(buckets, shape, memory)
        {
            return Err(Refusal::invalid(format!(
                "aggregation `{path}`: two of its buckets are called `{}`: give a `format` that \
                 tells them apart, or leave out `keyed`",
                quoted(&key)
            )));
        }
        for bucket in buckets {
            refuse(&bucket.below, &shape.below, &path, memory)?;
        }
    }
    Ok(())
}

/// It, or one below it. Most have none, and are not walked through.
fn may_have_twins(shape: &Shape) -> bool {
    names_by_format(shape) || shape.below.iter().any(may_have_twins)
}

/// All other keys are different where their buckets are.
fn names_by_format(shape: &Shape) -> bool {
    shape.form == Form::Keyed && shape.format.is_some()
}

fn twin(buckets: &[Bucket], shape: &Shape, memory: &Memory) -> Option<String> {
    let key = |bucket: &Bucket| text(&bucket.key, shape);
    // They are all about as long.
    let one = size_of::<String>() + buckets.first().map_or(0, |bucket| key(bucket).capacity());
    let _room = memory.take((buckets.len() * one) as u64);
    let mut keys: Vec<String> = buckets.iter().map(key).collect();
    keys.sort_unstable();
    keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone())
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;
    use crate::api::json::{Object, given};
    use crate::model::aggregation::Key;

    const HOUR_MS: i64 = 3_600_000;
    const NEW_YEAR_MS: i64 = 1_420_070_400_000;

    fn format(pattern: &str) -> Option<Format> {
        let text = serde_json::json!({ "format": pattern }).to_string();
        Format::read(&mut Object::of("a", given(&text)).unwrap()).unwrap()
    }

    /// So many hours after 2015 began.
    fn moments(hours: &[i64]) -> Summary {
        let bucket = |hour: &i64| Bucket {
            key: Key::Moment { ms: NEW_YEAR_MS + hour * HOUR_MS, ahead_s: 0 },
            count: 1,
            below: Vec::new(),
        };
        let buckets = hours.iter().map(bucket).collect();
        Summary::Buckets(Buckets { buckets, others: None })
    }

    fn checked(summary: Summary, shape: Shape) -> Result<(), String> {
        let memory = Memory::of(1 << 20);
        let (named, shapes) = ([("a".into(), summary)], [shape]);
        let told = Told { named: &named, shapes: &shapes }.refuse_twins(&memory);
        assert_eq!(memory.used(), 0);
        told.map_err(|refusal| refusal.story().to_owned())
    }

    #[test]
    fn buckets_that_an_object_would_call_the_same_are_refused() {
        let shape = |form, pattern| Shape { form, format: format(pattern), below: Vec::new() };
        let refusal = checked(moments(&[-1, 0, 1]), shape(Form::Keyed, "yyyy")).unwrap_err();
        let expected = "aggregation `a`: two of its buckets are called `2015`: give a `format` that \
                        tells them apart, or leave out `keyed`";
        assert_eq!(refusal, expected);
        // Two that do not stand side by side.
        let refusal = checked(moments(&[0, 12, 24]), shape(Form::Keyed, "HH 'h'")).unwrap_err();
        assert!(refusal.contains("are called `00 h`"), "{refusal}");
        let told_apart: [(&[i64], Form, &str); 6] = [
            (&[], Form::Keyed, "yyyy"),
            (&[0], Form::Keyed, "yyyy"),
            (&[-1, 0], Form::Keyed, "yyyy"),
            (&[0, 12, 24], Form::Keyed, "dd HH"),
            (&[0, 12, 24], Form::Keyed, "strict_date_optional_time"),
            (&[0, 12, 24], Form::Listed, "HH"),
        ];
        for (hours, form, pattern) in told_apart {
            assert_eq!(checked(moments(hours), shape(form, pattern)), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn what_is_called_the_same_below_two_buckets_is_in_two_objects() {
        let below = Shape { form: Form::Keyed, format: format("yyyy"), below: Vec::new() };
        let shape = || Shape { form: Form::Terms, format: None, below: vec![below.clone()] };
        let genres = |hours: Vec<Summary>| {
            let bucket = |hour| Bucket {
                key: Key::Name("x".into()),
                count: 1,
                below: vec![("hours".into(), hour)],
            };
            let buckets = hours.into_iter().map(bucket).collect();
            Summary::Buckets(Buckets { buckets, others: Some(0) })
        };
        assert_eq!(checked(genres(vec![moments(&[0]), moments(&[1])]), shape()), Ok(()));
        let refusal = checked(genres(vec![moments(&[0]), moments(&[0, 1])]), shape()).unwrap_err();
        assert!(refusal.starts_with("aggregation `a>hours`: two of its buckets"), "{refusal}");
    }
}
