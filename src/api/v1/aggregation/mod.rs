//! Aggregations in the shape of Elasticsearch: `{"name": {"terms": {"field": "x"}, "aggs": {…}}}`. An
//! option that Elasticsearch has and this server has not is refused by name, like any other.

mod answer;
mod filter;
mod format;
mod twins;

use super::filter as own_filter;
use crate::api::aggregation::{self, Spelling};
use crate::api::error::{Contract, Refusal};
use crate::api::json::{Object, quoted};
use crate::model::aggregation::{Aggregation, Filters, Kind, Metric, Named, Source};
use crate::model::{Filter, Given};
pub(super) use answer::Told;
pub(in crate::api) use format::FORMAT_BYTES_MAX;
use format::Format;

const TYPES: &str = "terms, histogram, date_histogram, range, filters, stats, extended_stats, \
                     percentiles, cardinality, avg, min, max, sum, value_count";
const OTHER: &str = "_other_";
const FIELD: &str = "field";

/// How an aggregation is answered, and those below it, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    form: Form,
    format: Option<Format>,
    below: Vec<Shape>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// An object by key; and what has no keys.
    #[default]
    Keyed,
    Listed,
    /// Listed, with what is said of terms alone.
    Terms,
    /// Listed, of filters that have no names.
    Nameless,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Request {
    pub(super) aggregations: Vec<Named>,
    pub(super) shapes: Vec<Shape>,
}

/// Those of a query, or of a bucket.
pub(super) fn read(object: &mut Object) -> Result<Request, Refusal> {
    let place = object.place();
    let named = match (object.object("aggs")?, object.object("aggregations")?) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid(format!(
                "{place}`aggs` and `aggregations` are two words for one thing: give one"
            )));
        }
        (None, None) => return Ok(Request::default()),
        (Some(named), None) | (None, Some(named)) => named,
    };
    let mut request = Request::default();
    for (name, path, given) in named.into_fields() {
        let (aggregation, shape) = one(Object::of(&path, given)?)?;
        request.aggregations.push((name, aggregation));
        request.shapes.push(shape);
    }
    Ok(request)
}

fn one(mut object: Object) -> Result<(Aggregation, Shape), Refusal> {
    object.refuse_unbuilt(&["meta"])?;
    let below = read(&mut object)?;
    let place = object.place();
    let names: Vec<String> = object.names().map(str::to_owned).collect();
    let [name] = &names[..] else {
        let got = names.len();
        return Err(Refusal::invalid(format!("{place}it has one type and not {got}: {TYPES}")));
    };
    let Some(mut options) = object.object(name)? else {
        return Err(object.missing(name));
    };
    let (kind, form, format) = kind(name, &place, &mut options)?;
    options.end()?;
    let Request { aggregations, shapes } = below;
    let shape = Shape { form, format, below: shapes };
    Ok((Aggregation { kind, below: aggregations }, shape))
}

fn kind(
    name: &str,
    place: &str,
    options: &mut Object,
) -> Result<(Kind, Form, Option<Format>), Refusal> {
    let mut form = Form::Keyed;
    let mut format = None;
    let kind = match name {
        "terms" => {
            form = Form::Terms;
            // All of it is counted on every shard there is: to look at more changes nothing.
            if options.count("shard_size")? == Some(0) {
                return Err(Refusal::invalid(format!("{place}terms.shard_size is at least 1")));
            }
            let source = source(options)?;
            let terms = aggregation::terms(options, Spelling::Words)?;
            Kind::Terms(options.needed(FIELD, source)?, terms)
        }
        "histogram" => {
            form = keyed(options, Form::Listed)?;
            let source = source(options)?;
            let histogram = aggregation::histogram(options, Spelling::Words)?;
            Kind::Histogram(options.needed(FIELD, source)?, histogram)
        }
        "date_histogram" => {
            form = keyed(options, Form::Listed)?;
            format = Format::read(options)?;
            let source = source(options)?;
            let mut histogram = aggregation::date_histogram(options, Spelling::Words)?;
            let mut source = options.needed(FIELD, source)?;
            if let Some(format) = &format {
                let read = |given: Option<Given>| given.map(|given| format.reads(given));
                source.missing = read(source.missing);
                let bounds = histogram.layout.extended;
                histogram.layout.extended = bounds.map(|(min, max)| (read(min), read(max)));
            }
            Kind::DateHistogram(source, histogram)
        }
        "range" => {
            form = keyed(options, Form::Listed)?;
            let source = source(options)?;
            let ranges = aggregation::ranges(options)?;
            Kind::Range(options.needed(FIELD, source)?, ranges)
        }
        "filters" => {
            let (filters, filters_form) = filters(options)?;
            form = filters_form;
            Kind::Filters(filters)
        }
        "percentiles" => {
            form = keyed(options, Form::Keyed)?;
            let path = options.path_of("percents");
            let percents = options.list("percents")?;
            measured(options, aggregation::percentiles(&path, percents)?)?
        }
        "extended_stats" => {
            let metric = aggregation::extended_stats(options)?;
            measured(options, metric)?
        }
        "cardinality" => {
            let metric = aggregation::cardinality(options)?;
            measured(options, metric)?
        }
        "stats" => measured(options, Metric::Stats)?,
        "avg" => measured(options, Metric::Avg)?,
        "min" => measured(options, Metric::Min)?,
        "max" => measured(options, Metric::Max)?,
        "sum" => measured(options, Metric::Sum)?,
        "value_count" => measured(options, Metric::ValueCount)?,
        other => {
            let other = quoted(other);
            return Err(Refusal::invalid(format!("{place}`{other}` is none of: {TYPES}")));
        }
    };
    Ok((kind, form, format))
}

/// If it is there; what else may stand beside it is not taken yet.
fn source(options: &mut Object) -> Result<Option<Source>, Refusal> {
    let (field, missing) = (options.text(FIELD)?, options.take("missing"));
    Ok(field.map(|attribute| Source { attribute, missing }))
}

fn measured(options: &mut Object, metric: Metric) -> Result<Kind, Refusal> {
    let source = source(options)?;
    Ok(Kind::Metric(options.needed(FIELD, source)?, metric))
}

fn keyed(options: &mut Object, unsaid: Form) -> Result<Form, Refusal> {
    Ok(match options.truth("keyed")? {
        None => unsaid,
        Some(true) => Form::Keyed,
        Some(false) => Form::Listed,
    })
}

/// By name, or a list of filters without names.
fn filters(options: &mut Object) -> Result<(Filters, Form), Refusal> {
    let path = options.path_of("filters");
    let given = options.take("filters");
    let (other, named) = (options.truth("other_bucket")?, options.text("other_bucket_key")?);
    let form = match given {
        Some(Given::List(_)) => Form::Nameless,
        _ => keyed(options, Form::Keyed)?,
    };
    let filters = match options.needed("filters", given)? {
        Given::List(items) => {
            let mut filters = Vec::with_capacity(items.len());
            for (at, given) in items.into_iter().enumerate() {
                // They are told in this order; the names are not.
                let name = format!("{at}").into();
                filters.push((name, one_filter(&format!("{path}[{at}]"), given)?));
            }
            filters
        }
        given => {
            let mut filters = Vec::new();
            for (name, path, given) in Object::of(&path, given)?.into_fields() {
                filters.push((name, one_filter(&path, given)?));
            }
            filters.sort_by(|(a, _), (b, _)| a.cmp(b));
            filters
        }
    };
    let other = match (other, named) {
        (Some(false), _) | (None, None) => None,
        (_, Some(name)) => Some(name),
        (Some(true), None) => Some(OTHER.into()),
    };
    Ok((Filters { filters, other }, form))
}

fn one_filter(path: &str, given: Given) -> Result<Filter, Refusal> {
    let is_own = |fields: &[(Box<str>, Given)]| {
        fields.iter().any(|(name, _)| matches!(&**name, "field" | "op" | "type"))
    };
    let filter = match given {
        Given::Map(fields) if !is_own(&fields) => filter::read(path, fields)?,
        given => return own_filter::read(path, given),
    };
    filter.check().map_err(|error| Contract::V1.refuse(&error))?;
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::Direction;
    use crate::model::aggregation::{By, Terms};

    fn read(text: &str) -> Result<Request, Refusal> {
        let mut object = Object::of("", given(text)).unwrap();
        let request = super::read(&mut object)?;
        object.end()?;
        Ok(request)
    }

    #[test]
    fn aggregations_are_read_with_what_is_below_them() {
        assert_eq!(read("{}").unwrap(), Request::default());
        let text = r#"{"aggregations":{"g":{
            "terms":{"field":"genre","size":3,"order":{"a":"desc"},"shard_size":50},
            "aggs":{"a":{"avg":{"field":"n","missing":0}}}}}}"#;
        let average = Source { attribute: "n".into(), missing: Some(Given::Int(0)) };
        let average = Aggregation { kind: Kind::Metric(average, Metric::Avg), below: Vec::new() };
        let order = vec![(By::Metric("a".into()), Direction::Descending)];
        let terms = Terms { size: 3, order, ..Terms::default() };
        let kind = Kind::Terms(Source::of("genre"), terms);
        let expected = Aggregation { kind, below: vec![("a".into(), average)] };
        let request = read(text).unwrap();
        let expected: Vec<Named> = vec![("g".into(), expected)];
        assert_eq!(request.aggregations, expected);
        let shape = Shape { form: Form::Terms, format: None, below: vec![Shape::default()] };
        assert_eq!(request.shapes, [shape]);
    }

    #[test]
    fn filters_have_names_or_none_and_a_bucket_for_the_rest() {
        let filters = |text: &str| {
            let text = format!(r#"{{"aggs":{{"f":{{"filters":{text}}}}}}}"#);
            let mut request = read(&text).unwrap();
            let (_, Aggregation { kind, .. }) = request.aggregations.remove(0);
            let Kind::Filters(Filters { filters, other }) = kind else { panic!("{kind:?}") };
            let names: Vec<Box<str>> = filters.into_iter().map(|(name, _)| name).collect();
            (names, other, request.shapes.remove(0).form)
        };
        let term = r#"{"term":{"a":1}}"#;
        let own = r#"{"field":"a","op":"eq","value":1}"#;
        let names = |names: &[&str]| -> Vec<Box<str>> {
            names.iter().map(|name| Box::from(*name)).collect()
        };
        assert_eq!(
            filters(&format!(r#"{{"filters":{{"y":{term},"x":{own}}},"other_bucket":true}}"#)),
            (names(&["x", "y"]), Some("_other_".into()), Form::Keyed)
        );
        assert_eq!(
            filters(&format!(r#"{{"filters":[{term},{own}],"other_bucket_key":"rest"}}"#)),
            (names(&["0", "1"]), Some("rest".into()), Form::Nameless)
        );
        let listed = format!(r#"{{"filters":{{"x":{term}}},"keyed":false}}"#);
        assert_eq!(filters(&listed), (names(&["x"]), None, Form::Listed));
    }

    #[test]
    fn what_is_no_aggregation_is_refused_by_name() {
        for (text, told) in [
            (r#"{"aggs":[]}"#, "aggs: invalid type: sequence"),
            (r#"{"aggs":{},"aggregations":{}}"#, "`aggs` and `aggregations` are two words"),
            (r#"{"aggs":{"a":{}}}"#, "aggs.a: it has one type and not 0"),
            (r#"{"aggs":{"a":{"avg":{},"max":{}}}}"#, "aggs.a: it has one type and not 2"),
            (r#"{"aggs":{"a":{"avg":{}}}}"#, "aggs.a.avg: missing field `field`"),
            (r#"{"aggs":{"a":{"avg":{"feild":"n","missing":0}}}}"#, "field `aggs.a.avg.feild`"),
            (
                r#"{"aggs":{"a":{"histogram":{"feild":"n","interval":1,"offset":0}}}}"#,
                "unknown field `aggs.a.histogram.feild`",
            ),
            (
                r#"{"aggs":{"a":{"date_histogram":{"field":"n","interval":"1d","time_zone":"UTC"}}}}"#,
                "unknown field `aggs.a.date_histogram.interval`",
            ),
            (r#"{"aggs":{"a":{"top_hits":{}}}}"#, "aggs.a: `top_hits` is none of"),
            (r#"{"aggs":{"a":{"avg":{"field":"n","script":"x"}}}}"#, "`aggs.a.avg.script`"),
            (r#"{"aggs":{"a":{"terms":{"field":"n","include":"x"}}}}"#, "`aggs.a.terms.include`"),
            (r#"{"aggs":{"a":{"terms":{"field":"n","shard_size":0}}}}"#, "shard_size is at least"),
            (r#"{"aggs":{"a":{"filters":{}}}}"#, "aggs.a.filters: missing field `filters`"),
            (
                r#"{"aggs":{"a":{"terms":{"field":"n"},"aggs":{"b":{"sum":{"field":7}}}}}}"#,
                "aggs.a.aggs.b.sum.field: invalid type: integer `7`",
            ),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
