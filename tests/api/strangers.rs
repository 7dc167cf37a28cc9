//! Whoever is not let in learns nothing: over every route there is, by every kind of key that does not
//! open it, neither the words nor the time of an answer tell whether a namespace is there.

use std::collections::BTreeMap;
use std::time::Duration;

use elacsym::api::{Need, ROUTES, Route};
use elacsym::config::Scope;
use elacsym::env::{Clock, Dice};
use serde_json::{Value, json};

use crate::key_file::{entry, locked};
use crate::server::Server;
use crate::socket::{Answer, Reads, Socket, head};

const ALL: &[&str] = &["read", "write", "list", "admin"];
/// Of the same length, as all keys are: nothing but what is known of them tells the two apart.
const THERE: &str = "other-1";
const ABSENT: &str = "other-2";

/// Rounds of a try at each route, in each of which a case is asked twice.
const ROUNDS: usize = 50;
/// Another number of them, by hand: a thousand show a difference of a microsecond.
const ROUNDS_WANTED: &str = "ELACSYM_STRANGER_ROUNDS";
/// By chance two medians differ more than two of one case. A difference that is there, and in the same
/// direction, shows in most tries: at one route of five, of all together in those that each route has.
const TRIES: usize = 5;
const TRIES_TELLING: usize = 3;
const TRIES_OF_ALL: usize = 3;
const TRIES_OF_ALL_TELLING: usize = 2;
/// What a clock and a scheduler cannot tell apart.
const GRAIN: Duration = Duration::from_nanos(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Wrong,
    Expired,
    /// May do everything in another namespace.
    Foreign,
    /// May read this one.
    Reader,
}

const WHO: [Who; 5] = [Who::Nobody, Who::Wrong, Who::Expired, Who::Foreign, Who::Reader];

impl Who {
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Nobody => None,
            Self::Wrong => Some("wrongs"),
            Self::Expired => Some("lately"),
            Self::Foreign => Some("tenant"),
            Self::Reader => Some("reader"),
        }
    }

    /// What it is refused with. None: it is let in.
    fn refused(self, need: Need) -> Option<u16> {
        match (self, need) {
            (_, Need::Nothing) => None,
            (Self::Nobody | Self::Wrong | Self::Expired, _) => Some(401),
            (_, Need::Known) | (Self::Foreign, Need::Names) => None,
            (Self::Reader, Need::InNamespace(Scope::Read)) => None,
            (Self::Foreign | Self::Reader, _) => Some(403),
        }
    }
}

async fn guarded() -> Server {
    let expired = "expires = 2000-01-01";
    let server = Server::start(&locked(&[
        entry("master", ALL, &["*"], ""),
        entry("tenant", ALL, &["acme-*"], ""),
        entry("reader", &["read"], &["other-*"], ""),
        entry("lately", ALL, &["*"], expired),
    ]))
    .await;
    let rows = json!({"upsert_rows": [{"id": 1, "n": 7}]});
    server.call_as("master", "POST", &format!("/v2/namespaces/{THERE}"), &rows).await.ok();
    server
}

fn request(method: &str, path: &str, ns: &str, who: Who, body: &str) -> Vec<u8> {
    let path = path.replace("{ns}", ns).replace("{id}", "1").replace("{token}", "t");
    let (length, bearer) = (body.len().to_string(), who.key().map(|key| format!("Bearer {key}")));
    let mut headers = vec![("X-Request-Id", "the-same"), ("Content-Length", length.as_str())];
    headers.extend(bearer.iter().map(|bearer| ("Authorization", bearer.as_str())));
    [&head(method, &path, &headers)[..], body.as_bytes()].concat()
}

async fn ask(socket: &mut Socket, request: &[u8], reads: Reads) -> Answer {
    socket.exchange(&[request], reads).await.unwrap().expect("the connection is kept")
}

/// All of an answer but the time at which it was given.
fn shown(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers().iter().filter(|(name, _)| name != "date").cloned();
    (answer.status, headers.collect(), answer.text())
}

/// Every route, and the head of each that can be got.
fn asked() -> Vec<(&'static str, &'static Route)> {
    let gets = ROUTES.iter().filter(|route| route.method == "GET");
    let all = ROUTES.iter().map(|route| (route.method, route));
    all.chain(gets.map(|route| ("HEAD", route))).collect()
}

#[tokio::test]
async fn no_route_is_open_to_whoever_has_no_right_to_it_and_none_reveals_a_namespace() {
    let server = guarded().await;
    let mut refusals = 0;
    for (method, route) in asked() {
        for who in WHO {
            let mut answers = Vec::new();
            for ns in [THERE, ABSENT] {
                let mut socket = Socket::open(server.host()).await.unwrap();
                let (body, reads) =
                    if method == "HEAD" { ("", Reads::HeadOnly) } else { ("{}", Reads::Whole) };
                let request = request(method, route.path, ns, who, body);
                answers.push(ask(&mut socket, &request, reads).await);
            }
            let [there, absent] = &answers[..] else { unreachable!() };
            let told = format!("{who:?} {method} {}: {}", route.path, there.text());
            let Some(status) = who.refused(route.need) else {
                assert!(!matches!(there.status, 401 | 403), "{told}");
                // A list has what is one's own, and no more.
                assert!(who == Who::Reader || !there.text().contains(THERE), "{told}");
                continue;
            };
            refusals += 1;
            assert_eq!(there.status, status, "{told}");
            assert_eq!(shown(there), shown(absent), "{told}");
            let (_, headers, text) = shown(there);
            let said = format!("{headers:?} {text}");
            for secret in ["other", "lately", "tenant", "reader", "acme", "master"] {
                assert!(!said.contains(secret), "{told} {headers:?}");
            }
        }
    }
    assert!(refusals > 3 * ROUTES.len(), "{refusals}");
    // Nor did any of these do anything.
    let all = json!({"rank_by": ["id", "asc"], "limit": 9, "include_attributes": true});
    let path = |ns: &str| format!("/v2/namespaces/{ns}/query");
    let there = server.call_as("master", "POST", &path(THERE), &all).await;
    assert_eq!(there.ok()["rows"], json!([{"id": 1, "n": 7}]));
    let absent = server.call_as("master", "POST", &path(ABSENT), &all).await;
    assert_eq!(absent.status, 404, "{}", absent.text());
    let names = server.call_as("master", "GET", "/v1/namespaces", &Value::Null).await.ok();
    assert_eq!(names["namespaces"].as_array().map(Vec::len), Some(1), "{names}");
}

/// A request that must not be told from others by how long it is answered.
struct Case {
    who: Who,
    ns: &'static str,
    request: Vec<u8>,
    /// How long each took, of one half of them and of the other.
    took: [Vec<Duration>; 2],
}

impl Case {
    fn of(who: Who, ns: &'static str, request: Vec<u8>) -> Self {
        Self { who, ns, request, took: [Vec::new(), Vec::new()] }
    }

    /// Of all who are refused there, in both namespaces. What takes a body has one.
    fn all(route: &Route) -> Vec<Self> {
        let takes_body = matches!(route.method, "POST" | "PUT" | "PATCH");
        let body = if takes_body { "{}" } else { "" };
        let refused = WHO.into_iter().filter(|who| who.refused(route.need).is_some());
        let both = refused.flat_map(|who| [THERE, ABSENT].map(|ns| (who, ns)));
        both.map(|(who, ns)| Self::of(who, ns, request(route.method, route.path, ns, who, body)))
            .collect()
    }

    fn medians(&self) -> [Duration; 2] {
        self.took.each_ref().map(|took| {
            let mut took = took.clone();
            took.sort();
            took[took.len() / 2]
        })
    }

    fn middle(&self) -> Duration {
        let [one, two] = self.medians();
        (one + two) / 2
    }

    /// How much two runs of it differ.
    fn noise(&self) -> Duration {
        let [one, two] = self.medians();
        one.abs_diff(two)
    }
}

/// All runs of all cases beside each other, in another order each time: what a machine does meanwhile
/// is the same for all of them.
async fn interleaved(server: &Server, cases: &mut [Case], rounds: usize, dice: &mut Dice) {
    let (mut socket, clock) = (Socket::open(server.host()).await.unwrap(), Clock::start());
    let mut order: Vec<usize> = (0..2 * cases.len()).collect();
    for _ in 0..rounds {
        for at in (1..order.len()).rev() {
            order.swap(at, (dice.draw() % (at as u128 + 1)) as usize);
        }
        for run in &order {
            let case = &mut cases[run / 2];
            let began = clock.now();
            let answer = ask(&mut socket, &case.request, Reads::Whole).await;
            case.took[run % 2].push(clock.now() - began);
            assert!(matches!(answer.status, 401 | 403), "{:?}: {}", case.who, answer.text());
        }
    }
}

/// What takes longer than what, and by how much in each try that showed it.
type Told = BTreeMap<String, Vec<Duration>>;

/// Notes what differs more than two runs of one case do.
fn note(told: &mut Told, cases: &[Case]) {
    let noise = cases.iter().map(Case::noise).max().unwrap_or_default() + GRAIN;
    let find = |who, ns| cases.iter().find(|case| (case.who, case.ns) == (who, ns));
    let of_namespaces = WHO.map(|who| (find(who, THERE), find(who, ABSENT)));
    // And whether a key that is not good was good once.
    let of_keys = [THERE, ABSENT].map(|ns| (find(Who::Wrong, ns), find(Who::Expired, ns)));
    for pair in of_namespaces.into_iter().chain(of_keys) {
        let (Some(one), Some(two)) = pair else { continue };
        let by = one.middle().abs_diff(two.middle());
        if by <= noise {
            continue;
        }
        let (slower, quicker) = if one.middle() > two.middle() { (one, two) } else { (two, one) };
        let name = |case: &Case| format!("{:?} of {}", case.who, case.ns);
        let takes_longer = format!("{} takes longer than {}", name(slower), name(quicker));
        told.entry(takes_longer).or_default().push(by);
    }
}

/// What showed so often that it is no chance.
fn shown_by(told: &Told, tries: usize) -> Option<String> {
    let shown = told.iter().find(|(_, by)| by.len() >= tries);
    shown.map(|(what, by)| format!("{what}, by {by:?}"))
}

/// How often the most frequent one showed.
fn most(told: &Told) -> usize {
    told.values().map(Vec::len).max().unwrap_or(0)
}

/// Adds what was measured at one route to what was at the others: what is slower at each by less than
/// its noise is slower in all of it.
fn pour(all: &mut Vec<Case>, cases: Vec<Case>) {
    for case in cases {
        match all.iter_mut().find(|of| (of.who, of.ns) == (case.who, case.ns)) {
            None => all.push(case),
            Some(of) => {
                for (into, took) in of.took.iter_mut().zip(case.took) {
                    into.extend(took);
                }
            }
        }
    }
}

fn rounds() -> usize {
    let Ok(text) = std::env::var(ROUNDS_WANTED) else { return ROUNDS };
    text.parse().unwrap_or_else(|_| panic!("{ROUNDS_WANTED} is no number: {text:?}"))
}

#[tokio::test]
async fn how_long_a_refusal_takes_tells_no_more_than_its_words() {
    let (server, rounds, mut dice) = (guarded().await, rounds(), Dice::from_seed(7));
    let mut of_all: [Vec<Case>; TRIES_OF_ALL] = Default::default();
    for route in ROUTES.iter().filter(|route| route.need != Need::Nothing) {
        let mut told = Told::new();
        for at in 0..TRIES {
            let mut cases = Case::all(route);
            interleaved(&server, &mut cases, rounds.div_ceil(10), &mut dice).await;
            // So far it was to warm up.
            cases.iter_mut().for_each(|case| case.took = [Vec::new(), Vec::new()]);
            interleaved(&server, &mut cases, rounds, &mut dice).await;
            note(&mut told, &cases);
            if let Some(all) = of_all.get_mut(at) {
                pour(all, cases);
            }
            let left = TRIES - at - 1;
            if most(&told) >= TRIES_TELLING || most(&told) + left < TRIES_TELLING {
                break;
            }
        }
        let shown = shown_by(&told, TRIES_TELLING);
        assert_eq!(shown, None, "{} {}, of {TRIES} tries", route.method, route.path);
    }
    let mut told = Told::new();
    of_all.iter().for_each(|cases| note(&mut told, cases));
    let shown = shown_by(&told, TRIES_OF_ALL_TELLING);
    assert_eq!(shown, None, "all routes together, of {TRIES_OF_ALL} tries");
}

/// As many requests as `note` may look at, of 80 microseconds but those of one case.
fn cases(who: Who, ns: &str, micros: u64) -> Vec<Case> {
    let mut cases: Vec<Case> = WHO
        .into_iter()
        .flat_map(|who| [THERE, ABSENT].map(|ns| Case::of(who, ns, Vec::new())))
        .collect();
    for case in &mut cases {
        let slow = (case.who, case.ns) == (who, ns);
        let micros = if slow { micros } else { 80 };
        for at in 0..100 {
            for took in &mut case.took {
                took.push(Duration::from_micros(micros) + Duration::from_nanos(7 * (at % 9)));
            }
        }
    }
    cases
}

/// What tells cases apart sees a difference that is there: were it blind, it would find nothing above.
#[test]
fn a_namespace_that_takes_longer_is_told_apart() {
    let told = |who, ns, micros| {
        let mut told = Told::new();
        note(&mut told, &cases(who, ns, micros));
        told.into_keys().collect::<Vec<_>>()
    };
    assert!(told(Who::Foreign, THERE, 80).is_empty());
    for who in [Who::Nobody, Who::Foreign, Who::Reader] {
        let expected = [format!("{who:?} of other-1 takes longer than {who:?} of other-2")];
        assert_eq!(told(who, THERE, 84), expected);
        let expected = [format!("{who:?} of other-2 takes longer than {who:?} of other-1")];
        assert_eq!(told(who, THERE, 76), expected);
    }
    let of_keys = "Expired of other-2 takes longer than Wrong of other-2";
    assert!(told(Who::Expired, ABSENT, 84).iter().any(|told| told == of_keys));
}

/// By chance one try shows one thing and another one another: only what most of them show is told.
#[test]
fn what_shows_in_most_tries_is_told_and_what_shows_in_few_is_not() {
    let mut told = Told::new();
    note(&mut told, &cases(Who::Foreign, THERE, 84));
    note(&mut told, &cases(Who::Foreign, THERE, 84));
    note(&mut told, &cases(Who::Foreign, ABSENT, 84));
    note(&mut told, &cases(Who::Reader, THERE, 84));
    assert_eq!((most(&told), shown_by(&told, 3)), (2, None));
    note(&mut told, &cases(Who::Foreign, THERE, 84));
    let shown = shown_by(&told, 3).unwrap();
    assert!(
        shown.starts_with("Foreign of other-1 takes longer than Foreign of other-2"),
        "{shown}"
    );
}

/// Of many routes together, one case is still one case.
#[test]
fn what_was_measured_at_two_routes_is_looked_at_as_one() {
    let mut all = cases(Who::Foreign, THERE, 84);
    pour(&mut all, cases(Who::Foreign, THERE, 84));
    pour(&mut all, vec![Case::of(Who::Nobody, "third", Vec::new())]);
    assert_eq!(all.len(), 2 * WHO.len() + 1);
    assert!(all[..2 * WHO.len()].iter().all(|case| case.took.each_ref().map(Vec::len) == [200; 2]));
}
