//! What stands beside an aggregation, which both contracts spell alike but for the order: they differ
//! in what is around it, and in how it is answered.

mod interval;
mod order;
mod spread;

use super::error::Refusal;
use super::json::{Object, mistyped};
use crate::model::Given;
use crate::model::aggregation::{
    CARDINALITY_PRECISION, DateHistogram, Histogram, Interval, Layout, Metric, PERCENTS, Range,
    SIGMA, TERMS, Terms,
};
pub(super) use interval::CALENDARS;
pub(super) use order::Spelling;
pub(super) use spread::spread_entries;

pub(super) fn extended_stats(options: &mut Object) -> Result<Metric, Refusal> {
    Ok(Metric::ExtendedStats { sigma: options.number("sigma")?.unwrap_or(SIGMA) })
}

pub(super) fn cardinality(options: &mut Object) -> Result<Metric, Refusal> {
    let precision = options.count("precision_threshold")?.unwrap_or(CARDINALITY_PRECISION);
    Ok(Metric::Cardinality { precision })
}

/// None: nothing is said, and the usual ones are meant.
pub(super) fn percentiles(path: &str, percents: Option<Vec<Given>>) -> Result<Metric, Refusal> {
    let Some(percents) = percents else {
        return Ok(Metric::Percentiles { percents: PERCENTS.to_vec() });
    };
    let number = |(at, given): (usize, Given)| match given {
        Given::Int(number) => Ok(number as f64),
        Given::Float(number) => Ok(number),
        other => Err(mistyped(&format!("{path}[{at}]"), &other, "a number")),
    };
    let percents = percents.into_iter().enumerate().map(number).collect::<Result<_, _>>()?;
    Ok(Metric::Percentiles { percents })
}

pub(super) fn terms(options: &mut Object, spelling: Spelling) -> Result<Terms, Refusal> {
    Ok(Terms {
        size: options.count("size")?.unwrap_or(TERMS),
        min_doc_count: options.count("min_doc_count")?.unwrap_or(1),
        order: order::read(options, spelling)?,
    })
}

pub(super) fn histogram(options: &mut Object, spelling: Spelling) -> Result<Histogram, Refusal> {
    let interval = options.number("interval")?;
    let offset = options.number("offset")?.unwrap_or(0.0);
    let layout = layout(options, spelling)?;
    Ok(Histogram { interval: options.needed("interval", interval)?, offset, layout })
}

pub(super) fn date_histogram(
    options: &mut Object,
    spelling: Spelling,
) -> Result<DateHistogram, Refusal> {
    let (calendar, fixed) = (options.text("calendar_interval")?, options.text("fixed_interval")?);
    let time_zone = options.text("time_zone")?;
    let path = options.path_of("offset");
    let offset = options.text("offset")?.map(|text| interval::offset_ms(&path, &text));
    let offset_ms = offset.transpose()?.unwrap_or(0);
    let layout = layout(options, spelling)?;
    let interval = match (calendar, fixed) {
        (Some(text), None) => {
            let path = options.path_of("calendar_interval");
            interval::calendar(&path, &text).map(Interval::Calendar)?
        }
        (None, Some(text)) => {
            let path = options.path_of("fixed_interval");
            interval::fixed_ms(&path, &text).map(Interval::FixedMs)?
        }
        (Some(_), Some(_)) => {
            let place = options.place();
            return Err(Refusal::invalid(format!(
                "{place}`calendar_interval` and `fixed_interval` are two intervals: give one"
            )));
        }
        (None, None) => return Err(options.missing_both("calendar_interval", "fixed_interval")),
    };
    Ok(DateHistogram { interval, time_zone, offset_ms, layout })
}

fn layout(options: &mut Object, spelling: Spelling) -> Result<Layout, Refusal> {
    let extended = match options.object("extended_bounds")? {
        None => None,
        Some(mut bounds) => {
            let ends = (bounds.take("min"), bounds.take("max"));
            bounds.end()?;
            Some(ends)
        }
    };
    Ok(Layout {
        min_doc_count: options.count("min_doc_count")?.unwrap_or(0),
        extended,
        order: order::read(options, spelling)?,
    })
}

pub(super) fn ranges(options: &mut Object) -> Result<Vec<Range>, Refusal> {
    let path = options.path_of("ranges");
    let ranges = options.list("ranges")?;
    let ranges = options.needed("ranges", ranges)?;
    let range = |(at, given): (usize, Given)| -> Result<Range, Refusal> {
        let mut range = Object::of(&format!("{path}[{at}]"), given)?;
        let (key, from, to) = (range.text("key")?, range.take("from"), range.take("to"));
        range.end()?;
        Ok(Range { key, from, to })
    };
    ranges.into_iter().enumerate().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::given;
    use crate::model::Direction;
    use crate::model::aggregation::{By, Calendar};

    fn options(text: &str) -> Object {
        Object::of("a", given(text)).unwrap()
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let terms = terms(&mut options("{}"), Spelling::Pairs).unwrap();
        assert_eq!(terms, Terms::default());
        let text = r#"{"size":3,"min_doc_count":2,"order":[["_key","asc"],["x.avg","desc"]]}"#;
        let by = By::Metric("x.avg".into());
        let order = vec![(By::Key, Direction::Ascending), (by, Direction::Descending)];
        let expected = Terms { size: 3, min_doc_count: 2, order };
        assert_eq!(super::terms(&mut options(text), Spelling::Pairs).unwrap(), expected);

        let histogram = histogram(&mut options(r#"{"interval":5}"#), Spelling::Words).unwrap();
        let expected = Histogram { interval: 5.0, offset: 0.0, layout: Layout::default() };
        assert_eq!(histogram, expected);
        let percents = percentiles("a", None).unwrap();
        assert_eq!(percents, Metric::Percentiles { percents: PERCENTS.to_vec() });
    }

    #[test]
    fn a_date_histogram_has_one_interval() {
        let text = r#"{"calendar_interval":"1M","time_zone":"+01:00","offset":"-6h",
            "extended_bounds":{"min":"2024-01-01"}}"#;
        let expected = DateHistogram {
            interval: Interval::Calendar(Calendar::Month),
            time_zone: Some("+01:00".into()),
            offset_ms: -6 * 3_600_000,
            layout: Layout {
                extended: Some((Some(Given::Text("2024-01-01".into())), None)),
                ..Layout::default()
            },
        };
        assert_eq!(date_histogram(&mut options(text), Spelling::Words).unwrap(), expected);
        for (text, told) in [
            ("{}", "a: missing field `calendar_interval` or `fixed_interval`"),
            (r#"{"calendar_interval":"day","fixed_interval":"1d"}"#, "a: `calendar_interval` and"),
            (r#"{"calendar_interval":"2d"}"#, "a.calendar_interval is one of"),
            (r#"{"fixed_interval":"1M"}"#, "a.fixed_interval is a number and its unit"),
            (r#"{"fixed_interval":"1d","offset":"x"}"#, "a.offset is a number and its unit"),
            (r#"{"fixed_interval":"1d","extended_bounds":{"mid":1}}"#, "`a.extended_bounds.mid`"),
        ] {
            let refusal = date_histogram(&mut options(text), Spelling::Words).unwrap_err();
            assert!(refusal.story().contains(told), "{text}: {}", refusal.story());
        }
    }
}
