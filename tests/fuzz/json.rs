//! Bodies of requests: a good one, with one thing about it bent, and the words that the contracts know
//! put where they do not belong. It may also become long, and be spelt as no printer spells it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::bend;
use crate::random::Random;

/// Names of fields, operators and words of both contracts.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| WORDS_TEXT.split_whitespace().collect());
const WORDS_TEXT: &str = "
    $dist $fragment $ref_new +01:00 12h 1M 7d 90m ANN And AnyGt AnyGte AnyLt AnyLte Attribute Avg
    BM25 Cardinality Contains ContainsAllTokens ContainsAny ContainsAnyToken ContainsTokenSequence
    Count DateHistogram Decay Dist Embed Eq Europe/Berlin ExtendedStats Filters ForEachUnique Fuzzy
    Glob Gt Gte Highlight Histogram IGlob In Lt Lte Max Min Not NotContains NotContainsAny NotEq
    NotGlob NotIGlob NotIn Or Percentiles Product RRF Range Regex Saturate Simple SparseKNN Stats
    Sum Terms UTC ValueCount VectorDist _count _key a aggregate_by aggregations aggs allow_partial
    and ann array<string> asc ascii_folding attr_type attributes avg b base64 bool boolean bytes
    calendar_interval cardinality case_sensitive codepoints compute_attributes conditions
    consistency contains contains_any copy_from_namespace cosine cosine_distance create_namespace
    date_histogram datetime day delete_by_filter delete_condition deletes desc disable_backpressure
    disable_cache distance distance_metric documents dot dot_product drop embed encryption english
    epoch_millis eq euclidean_squared eventual exclude_attributes exists explain exponent
    extended_bounds extended_stats f field fields filter filterable filters fixed_interval float
    format fragment_by fragment_limit from full_text full_text_search fuzzy german glob group_by gt
    gte histogram id ids in include_attributes include_ground_truth include_offsets include_vector
    index_prefixes indexed int integer interval k k1 k3 kNN key keyed l2 language last_as_prefix
    late_interaction level limit lt lte match_all match_none max max_edit_distance
    max_staleness_seconds max_token_length meta metric midpoint min min_doc_count min_query_chars
    min_score min_seq minimum_should_match missing mode month must must_not n ne none not not_in num
    object offset op or order other_bucket other_bucket_key paragraph patch patch_by_filter
    patch_columns patch_condition patch_rows per percentiles percents pre_tokenized_array
    precision_threshold prefix quarter queries query range ranges rank_by rank_constant
    rank_fragments_by read_only regex remove_stopwords rerank_by return_affected_ids rrf s schema
    sentence shard_size should sigma size sort sparse_knn stats stemming string strong sum tags term
    terms time_zone title to tokenizer top_k total type uint upsert_columns upsert_condition
    upsert_rows utf-16 utf-8 uuid value value_count vector vector_dim vector_encoding vector_metric
    vector_weight weight weights wildcard word word_v4 yyyy-MM-dd {}f16 [2]f16 [2]f32 [2]i8 [3]f32
    [][2]f32 []bool []datetime []int []string []uuid
";
const DEPTH_MAX: usize = 140;
/// One of so many is made long.
const STRETCHED: usize = 400;
const STRETCHED_BYTES_MAX: usize = 256 << 10;
/// What a thing is stretched to.
const ITEMS: [usize; 4] = [17, 300, 4097, 6000];
const TEXT_BYTES: [usize; 4] = [129, 4097, 20_000, 60_000];

/// A body, one thing about it bent, or as many, and spelt again; at times it is no JSON any more, or long.
pub(crate) fn bend_body(random: &mut Random, most: usize, body: &mut Vec<u8>, donor: &[u8]) {
    let (tree, other) = (serde_json::from_slice(body), serde_json::from_slice(donor));
    let (Ok(mut tree), false) = (tree, random.percent(5)) else {
        return bend::text(random, body, donor);
    };
    let other: Value = other.unwrap_or_default();
    if random.below(STRETCHED) == 0 {
        for _ in 0..=random.below(3) {
            stretch(random, &mut tree);
        }
    } else {
        for _ in 0..=random.below(most) {
            bend(random, &mut tree, &other);
        }
    }
    let spelt = spell(random, &tree);
    if spelt.len() <= STRETCHED_BYTES_MAX {
        *body = spelt;
    }
}

fn bend(random: &mut Random, tree: &mut Value, donor: &Value) {
    let donor = pick(random, donor);
    let mut place = random.below(nodes(tree));
    let Some(node) = node(tree, &mut place) else { return };
    match (random.below(12), node) {
        (0..3, node) => *node = odd(random),
        (3, node) => *node = donor,
        (4, node) => wrap(random, node),
        (5, node) => deepen(random, node),
        (_, Value::Object(fields)) => bend_fields(random, fields, donor),
        (_, Value::Array(items)) => bend_items(random, items, donor),
        (6..9, Value::String(text)) => *text = word(random).to_owned(),
        (_, Value::String(text)) => {
            let mut bytes = std::mem::take(text).into_bytes();
            bend::text(random, &mut bytes, b"a string of another");
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        (_, node) if node.is_number() => *node = near(random, node),
        (_, node) => *node = odd(random),
    }
}

fn bend_fields(random: &mut Random, fields: &mut Map<String, Value>, donor: Value) {
    let name = fields.keys().nth(random.below(fields.len())).cloned();
    let other = match random.percent(80) {
        true => word(random),
        false => bend::odd(random),
    };
    match (random.below(3), name) {
        (0, Some(name)) => drop(fields.remove(&name)),
        (1, Some(name)) => {
            let value = fields.remove(&name).unwrap_or_default();
            fields.insert(other.to_owned(), value);
        }
        _ => drop(fields.insert(other.to_owned(), donor)),
    }
}

fn bend_items(random: &mut Random, items: &mut Vec<Value>, donor: Value) {
    let (at, to) = (random.below(items.len()), random.below(items.len()));
    match random.below(4) {
        _ if items.is_empty() => items.push(donor),
        0 => drop(items.remove(at)),
        1 => items.insert(at, items[to].clone()),
        2 => items.swap(at, to),
        _ => items.insert(at, donor),
    }
}

fn odd(random: &mut Random) -> Value {
    match random.below(16) {
        0 => Value::Null,
        1 => Value::Bool(random.percent(50)),
        2 => Value::Array(Vec::new()),
        3 => Value::Object(Map::new()),
        4 => Value::from(f64::MAX),
        5 => Value::from(-0.0),
        6 => Value::from(5e-324),
        7 => Value::from(i64::MIN),
        8 => Value::from(u64::MAX),
        9 => Value::from(1_u64 << random.below(64)),
        10 => Value::from(random.below(3)),
        11 | 12 => Value::from(bend::odd(random)),
        _ => Value::from(word(random)),
    }
}

fn word(random: &mut Random) -> &'static str {
    random.one_of::<&str>(&WORDS)
}

/// One more, one less, the other sign; or as it would be in another language.
fn near(random: &mut Random, number: &Value) -> Value {
    let float = number.as_f64().unwrap_or_default();
    match (random.below(5), number.as_i64()) {
        (0, Some(number)) => Value::from(number.wrapping_add(1)),
        (1, Some(number)) => Value::from(number.wrapping_sub(1)),
        (2, Some(number)) => Value::from(number.wrapping_neg()),
        (3, _) => Value::from(float + 0.5),
        _ => Value::from(number.to_string()),
    }
}

fn wrap(random: &mut Random, node: &mut Value) {
    let inner = node.take();
    *node = match random.below(4) {
        0 => Value::Array(vec![inner]),
        1 => Value::Array(vec![Value::from("Not"), inner]),
        2 => Value::Array(vec![Value::from("And"), Value::Array(vec![inner])]),
        _ => {
            let name = word(random).to_owned();
            Value::Object(Map::from_iter([(name, inner)]))
        }
    };
}

fn deepen(random: &mut Random, node: &mut Value) {
    let shape = random.below(2);
    for _ in 0..random.below(DEPTH_MAX) {
        let inner = node.take();
        *node = match shape {
            0 => Value::Array(vec![inner]),
            _ => Value::Array(vec![Value::from("Not"), inner]),
        };
    }
}

/// Makes a thing long: all lists of an object that are equally long, its documents, a text or a name.
/// Who answers in time and memory that grow faster than what was sent is found by this alone.
fn stretch(random: &mut Random, tree: &mut Value) {
    let mut place = random.below(nodes(tree));
    let Some(node) = node(tree, &mut place) else { return };
    match node {
        Value::Object(fields) => stretch_fields(random, fields),
        Value::Array(items) => repeat(items, *random.one_of(&ITEMS)),
        Value::String(text) => *text = "x".repeat(*random.one_of(&TEXT_BYTES)),
        _ => {}
    }
}

fn stretch_fields(random: &mut Random, fields: &mut Map<String, Value>) {
    let count = *random.one_of(&ITEMS);
    let is_long = |value: &Value| value.as_array().map(Vec::len).filter(|length| *length > 0);
    let length = fields.values().find_map(is_long);
    for value in fields.values_mut().filter(|value| is_long(value) == length) {
        if let Value::Array(items) = value {
            repeat(items, count);
        }
    }
    let name = fields.keys().nth(random.below(fields.len())).cloned();
    if let Some(name) = name.filter(|name| name != "id" && random.percent(50)) {
        let value = fields.remove(&name).unwrap_or_default();
        fields.insert("x".repeat(*random.one_of(&TEXT_BYTES)), value);
    }
}

/// Over and over. What are ids, as numbers or in documents, are told from each other, or nothing would
/// come of it.
fn repeat(items: &mut Vec<Value>, count: usize) {
    let few = std::mem::take(items);
    for (at, item) in few.iter().cycle().take(count).enumerate() {
        let mut item = if item.is_number() { Value::from(at) } else { item.clone() };
        if let Some(id) = item.get_mut("id") {
            *id = Value::from(at);
        }
        items.push(item);
    }
}

fn nodes(tree: &Value) -> usize {
    1 + match tree {
        Value::Array(items) => items.iter().map(nodes).sum::<usize>(),
        Value::Object(fields) => fields.values().map(nodes).sum::<usize>(),
        _ => 0,
    }
}

/// The one before which there are so many.
fn node<'a>(tree: &'a mut Value, before: &mut usize) -> Option<&'a mut Value> {
    if *before == 0 {
        return Some(tree);
    }
    *before -= 1;
    match tree {
        Value::Array(items) => items.iter_mut().find_map(|item| node(item, before)),
        Value::Object(fields) => fields.values_mut().find_map(|field| node(field, before)),
        _ => None,
    }
}

fn pick(random: &mut Random, tree: &Value) -> Value {
    let mut tree = tree.clone();
    let mut place = random.below(nodes(&tree));
    node(&mut tree, &mut place).map(Value::take).unwrap_or_default()
}

/// As text; at times with one thing that no printer would print.
fn spell(random: &mut Random, tree: &Value) -> Vec<u8> {
    let whole = tree.to_string().into_bytes();
    if random.percent(85) {
        return whole;
    }
    let quirks: &[(&[u8], &[u8])] = &[
        (b"1", b"1e999"),
        (b"1", b"1.0"),
        (b"1", b"-0"),
        (b"1", b"01"),
        (b"0", b"0e-400"),
        (b"2", b"2E0"),
        (b"\"", b"\"\\ud800"),
        (b"\"", b"\"\\u0000"),
        (b"\"", b"\"\xff"),
        (b"\"", b"\"\n"),
        (b"{", b"{\"id\":1,"),
        (b"{", b"{\"a\":null,"),
        (b"null", b"nul"),
        (b",", b",,"),
        (b"]", b",]"),
        (b"}", b"}}"),
        (b"[", b"\xef\xbb\xbf["),
    ];
    let &(mark, quirk) = random.one_of(quirks);
    let places: Vec<usize> = (0..whole.len()).filter(|at| whole[*at..].starts_with(mark)).collect();
    let Some(at) = places.get(random.below(places.len())) else { return whole };
    [&whole[..*at], quirk, &whole[at + mark.len()..]].concat()
}

#[test]
fn whatever_is_bent_is_spelt() {
    let tree: Value = serde_json::from_str(r#"{"a":[1,{"b":"x"},null],"c":{"id":[1,2]}}"#).unwrap();
    let mut random = Random::of(1);
    let mut shapes = std::collections::BTreeSet::new();
    for _ in 0..10_000 {
        let mut bent = tree.clone();
        bend(&mut random, &mut bent, &tree);
        shapes.insert(spell(&mut random, &bent));
    }
    assert!(shapes.len() > 1_000, "{}", shapes.len());
    // Columns stay equally long, and their ids are distinct.
    let mut columns: Value = serde_json::from_str(r#"{"id":[1,2],"x":[null,null]}"#).unwrap();
    let Value::Object(fields) = &mut columns else { panic!("it is one") };
    stretch_fields(&mut random, fields);
    let lengths: Vec<usize> = fields.values().map(|it| it.as_array().unwrap().len()).collect();
    assert!(lengths[0] == lengths[1] && ITEMS.contains(&lengths[0]), "{lengths:?}");
    assert_eq!(fields["id"][7], 7);
}
