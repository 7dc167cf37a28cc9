//! `/openapi.json` says what is so: every example of it is sent and answered with the status and the
//! shape that it tells, and so is what every operation refuses.

use elacsym::api::{Need, ROUTES};
use serde_json::{Value, json};

use crate::key_file::{entry, locked};
use crate::server::{Options, Server};
use crate::shapes::Schemas;
use crate::socket::{Answer, Reads, Socket, head};

const JSON: &str = "application/json";
/// Namespaces that examples make, or find.
const NAMES: [&str; 3] = ["docs", "new", "plain"];
/// No two runs have the same here, or the words are nobody's promise; that it is there, and of the
/// same type, is checked.
const DIFFERS: [&str; 17] = [
    "bytes_read",
    "cache_hit_ratio",
    "counted_by",
    "counted_since",
    "created_at",
    "last_included_write_at",
    "last_write_at",
    "plan_text",
    "queries",
    "query_execution_ms",
    "request_id",
    "seq",
    "server_total_ms",
    "store_requests",
    "took_ms",
    "updated_at",
    "writes",
];

/// An operation, as the document tells it.
struct Operation {
    method: String,
    path: String,
    told: Value,
}

/// A request that the document shows, with its answer.
struct Example {
    name: String,
    status: u16,
    /// None: it is no JSON.
    answer: Option<Value>,
}

impl Operation {
    fn all(document: &Value) -> Vec<Self> {
        let mut all = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, told) in methods.as_object().unwrap() {
                let (method, told) = (method.to_uppercase(), told.clone());
                all.push(Self { method, path: path.clone(), told });
            }
        }
        all
    }

    fn id(&self) -> &str {
        self.told["operationId"].as_str().unwrap()
    }

    fn find<'a>(operations: &'a [Self], id: &str) -> &'a Self {
        operations.iter().find(|operation| operation.id() == id).unwrap()
    }

    fn has_body(&self) -> bool {
        self.told.get("requestBody").is_some()
    }

    fn tells(&self, status: u16) -> bool {
        self.told["responses"].get(status.to_string()).is_some()
    }

    fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        for (status, response) in self.told["responses"].as_object().unwrap() {
            let contents = response.get("content").and_then(Value::as_object);
            for (kind, content) in contents.into_iter().flatten() {
                let shown = content.get("examples").and_then(Value::as_object);
                for (name, example) in shown.into_iter().flatten() {
                    let answer = (kind == JSON).then(|| example["value"].clone());
                    let status = status.parse().unwrap();
                    examples.push(Example { name: name.clone(), status, answer });
                }
            }
        }
        examples
    }

    fn body(&self, name: &str) -> Option<&Value> {
        self.told.pointer(&format!("/requestBody/content/application~1json/examples/{name}/value"))
    }

    /// What an example says of each parameter, or what is usual where one must be.
    fn parameters(&self, name: &str) -> Vec<(&str, &str, String)> {
        let told = self.told.get("parameters").and_then(Value::as_array);
        let mut said = Vec::new();
        for parameter in told.into_iter().flatten() {
            let shown = parameter.pointer(&format!("/examples/{name}/value"));
            let usual = parameter.get("example").or(parameter.pointer("/examples/usual/value"));
            if let Some(value) = shown.or(usual) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let of = |field: &str| parameter[field].as_str().unwrap();
                said.push((of("name"), of("in"), text));
            }
        }
        said
    }

    /// As the example of that name has it; of none, as is usual.
    async fn send(&self, server: &Server, name: &str, more: &[(&str, &str)]) -> Answer {
        let said = self.parameters(name);
        let of = |place: &'static str| said.iter().filter(move |(_, at, _)| *at == place);
        let mut path = self.path.clone();
        for (name, _, value) in of("path") {
            path = path.replace(&format!("{{{name}}}"), &encoded(value));
        }
        let query: Vec<String> =
            of("query").map(|(name, _, value)| format!("{name}={}", encoded(value))).collect();
        if !query.is_empty() {
            path += &format!("?{}", query.join("&"));
        }
        let mut headers: Vec<(&str, &str)> =
            of("header").map(|(name, _, value)| (*name, value.as_str())).collect();
        headers.extend(more);
        let body = self.body(name).map(Value::to_string).unwrap_or_default();
        server.call(&self.method, &path, &headers, body.as_bytes()).await
    }

    /// What came is one of the answers that are told.
    fn check(&self, schemas: &Schemas<'_>, answer: &Answer) {
        let (id, status) = (self.id(), answer.status);
        let response = self.told["responses"].get(status.to_string());
        let response = response.unwrap_or_else(|| panic!("{id}: nobody told of a {status}"));
        let kind = answer.header("content-type").and_then(|kind| kind.split(';').next()).unwrap();
        let content = &schemas.resolved(response)["content"][kind];
        assert!(content.is_object(), "{id}: {status} is not told as {kind}: {}", answer.text());
        let value = if kind == JSON { answer.json() } else { json!(answer.text()) };
        if let Err(why) = schemas.check(&content["schema"], &value) {
            panic!("{id}: {status}: {why} in {value}");
        }
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let one = |byte: u8| match plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

async fn document(server: &Server) -> Value {
    server.get("/openapi.json").await.ok()
}

/// The namespaces as examples find them, up to the one of that operation and name.
async fn prepare(server: &Server, operations: &[Operation], id: &str, name: &str) {
    for ns in NAMES {
        server.remove(&format!("/v1/namespaces/{ns}")).await;
    }
    for (step, example) in [("createNamespace", "created"), ("upsertDocuments", "filled")] {
        if (step, example) == (id, name) {
            return;
        }
        let answer = Operation::find(operations, step).send(server, example, &[]).await;
        assert!(answer.status < 300, "{step}: {}", answer.text());
    }
}

/// Where two values differ that ought not to.
fn difference(shown: &Value, came: &Value, place: &str) -> Option<String> {
    match (shown, came) {
        (Value::Object(shown), Value::Object(came)) => {
            let more = came.keys().filter(|name| !shown.contains_key(*name));
            shown.keys().chain(more).find_map(|name| {
                let place = format!("{place}.{name}");
                match (shown.get(name), came.get(name)) {
                    (Some(shown), Some(came)) if DIFFERS.contains(&&**name) => {
                        let alike = std::mem::discriminant(shown) == std::mem::discriminant(came);
                        (!alike).then(|| format!("{place} is {came}"))
                    }
                    (Some(shown), Some(came)) => difference(shown, came, &place),
                    _ => Some(format!("{place} is on one side alone")),
                }
            })
        }
        (Value::Array(shown), Value::Array(came)) if shown.len() == came.len() => {
            let mut pairs = shown.iter().zip(came).enumerate();
            pairs.find_map(|(at, (shown, came))| difference(shown, came, &format!("{place}[{at}]")))
        }
        // As JSON has it, and not as somebody has written it.
        (Value::Number(_), Value::Number(_)) if shown.as_f64() == came.as_f64() => None,
        (shown, came) => {
            (shown != came).then(|| format!("{place} is {came}, and {shown} is shown"))
        }
    }
}

#[tokio::test]
async fn every_example_can_be_sent_and_is_answered_as_it_is_shown() {
    let server = Server::start(&Options::memory()).await;
    let document = document(&server).await;
    let (schemas, operations) = (Schemas::of(&document), Operation::all(&document));
    let mut stale = Vec::new();
    for operation in &operations {
        let id = operation.id();
        for Example { name, status, answer: shown } in operation.examples() {
            prepare(&server, &operations, id, &name).await;
            let answer = operation.send(&server, &name, &[]).await;
            assert_eq!(answer.status, status, "{id} {name}: {}", answer.text());
            operation.check(&schemas, &answer);
            if let Some(shown) = shown {
                let told = difference(&shown, &answer.json(), "");
                stale.extend(told.map(|told| format!("{id} {name}: {told}")));
                let schema = &operation.told["responses"][status.to_string()];
                let schema = &schema["content"][JSON]["schema"];
                assert_eq!(schemas.check(schema, &shown), Ok(()), "{id} {name}");
            }
            if let Some(body) = operation.body(&name)
                && status < 300
            {
                let schema = &operation.told["requestBody"]["content"][JSON]["schema"];
                assert_eq!(schemas.check(schema, body), Ok(()), "{id} {name}");
            }
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
    server.is_well().await;
}

#[tokio::test]
async fn what_every_operation_refuses_is_told_of_it() {
    let server = Server::start(&Options::memory()).await;
    let document = document(&server).await;
    let (schemas, operations) = (Schemas::of(&document), Operation::all(&document));
    for operation in operations.iter().filter(|operation| operation.has_body()) {
        let id = operation.id();
        let path = operation.path.replace("{ns}", "absent");
        let method = &*operation.method;
        let plain: &[(&str, &str)] = &[];
        let coded: &[(&str, &str)] = &[("Content-Encoding", "br")];
        for (headers, body, status) in [(plain, "{", 400), (plain, "[]", 422), (coded, "{}", 415)] {
            let answer = server.call(method, &path, headers, body.as_bytes()).await;
            assert_eq!(answer.status, status, "{id} {body}: {}", answer.text());
            operation.check(&schemas, &answer);
        }
        let announced = head(method, &path, &[("Content-Length", "536870913")]);
        let mut socket = Socket::open(server.host()).await.unwrap();
        let answer = socket.exchange(&[&announced[..]], Reads::Whole).await.unwrap().unwrap();
        assert_eq!(answer.status, 413, "{id}: {}", answer.text());
        operation.check(&schemas, &answer);
    }
    let of_absent =
        operations.iter().filter(|operation| operation.tells(404) && operation.id() != "write");
    for operation in of_absent {
        // Nobody has made `docs`.
        let examples = operation.examples();
        let done = examples.iter().find(|example| example.status == 200);
        let name = done.map_or("usual", |example| &*example.name);
        let answer = operation.send(&server, name, &[]).await;
        assert_eq!(answer.status, 404, "{}: {}", operation.id(), answer.text());
        operation.check(&schemas, &answer);
    }
}

#[tokio::test]
async fn who_shows_no_key_is_refused_as_it_is_told() {
    let server = Server::start(&Options::memory().with("ELACSYM_API_KEYS", "alpha")).await;
    let bearer = [("Authorization", "Bearer alpha")];
    let document = server.call("GET", "/openapi.json", &bearer, b"").await.ok();
    let (schemas, operations) = (Schemas::of(&document), Operation::all(&document));
    for operation in &operations {
        let open = operation.told.get("security") == Some(&json!([]));
        let answer = operation.send(&server, "usual", &[]).await;
        assert_eq!(answer.status, if open { 200 } else { 401 }, "{}", operation.id());
        operation.check(&schemas, &answer);
        if !open {
            let let_in = operation.send(&server, "usual", &bearer).await;
            assert_ne!(let_in.status, 401, "{}", operation.id());
            operation.check(&schemas, &let_in);
        }
    }
}

#[tokio::test]
async fn who_may_not_or_has_too_much_is_refused_as_it_is_told() {
    const ALL: &[&str] = &["read", "write", "list", "admin"];
    // Nobody sends so many in a row within a second that the next is let in.
    const TRIES: usize = 100;
    let server = Server::start(&locked(&[
        entry("root", ALL, &["*"], ""),
        entry("stranger", &["write"], &["none-*"], ""),
        entry("slow", ALL, &["*"], "requests_per_second = 1"),
    ]))
    .await;
    let root = [("Authorization", "Bearer root")];
    let document = server.call("GET", "/openapi.json", &root, b"").await.ok();
    let (schemas, operations) = (Schemas::of(&document), Operation::all(&document));
    for operation in &operations {
        let id = operation.id();
        let route = ROUTES
            .iter()
            .find(|route| (route.method, route.path) == (&*operation.method, &*operation.path));
        let need = route.unwrap_or_else(|| panic!("{id} has no rights")).need;
        let has_rights = !matches!(need, Need::Nothing | Need::Known);
        assert_eq!(operation.tells(403), has_rights, "{id}");
        assert_eq!(operation.tells(429), need != Need::Nothing, "{id}");

        let stranger = [("Authorization", "Bearer stranger")];
        let answer = operation.send(&server, "usual", &stranger).await;
        assert_eq!(answer.status == 403, has_rights, "{id}: {}", answer.text());
        operation.check(&schemas, &answer);

        if need != Need::Nothing {
            let slow = [("Authorization", "Bearer slow")];
            let mut answer = operation.send(&server, "usual", &slow).await;
            for _ in 0..TRIES {
                if answer.status == 429 {
                    break;
                }
                answer = operation.send(&server, "usual", &slow).await;
            }
            assert_eq!(answer.status, 429, "{id}: {}", answer.text());
            assert!(answer.header("retry-after").is_some(), "{id}");
            operation.check(&schemas, &answer);
        }
    }
}
