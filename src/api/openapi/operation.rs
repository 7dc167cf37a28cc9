//! One operation: a method of a path, what it takes, what a key has to have for it, and every status it
//! can answer with.

use serde_json::{Map, Value, json};

use super::errors;
use super::examples::Example;
use super::shape::{named, text_of, told};
use crate::api::error::Contract;
use crate::api::rights::{self, Need};
use crate::config::Scope;

const JSON: &str = "application/json";

pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Which no other has.
    pub(super) id: &'static str,
    summary: &'static str,
    contract: Contract,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: Vec<(u16, Value)>,
    refused: Vec<u16>,
    need: Need,
}

impl Operation {
    pub(super) fn of(
        contract: Contract,
        method: &'static str,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        let names = path.split(['{', '}']).skip(1).step_by(2);
        let route = rights::find(method, path);
        let need = route.expect("whatever is documented is a route that has its rights").need;
        Self {
            method,
            path,
            id,
            summary,
            contract,
            parameters: names.map(within_path).collect(),
            body: None,
            answers: Vec::new(),
            refused: errors::of_whoever_needs(need).to_vec(),
            need,
        }
    }

    /// A body of this schema.
    pub(super) fn takes(mut self, schema: &str) -> Self {
        self.refused.extend(errors::OF_A_BODY);
        Self { body: Some(named(schema)), ..self }
    }

    /// A parameter of the URL.
    pub(super) fn asks(mut self, name: &str, schema: Value, words: &str) -> Self {
        self.parameters.push(parameter(name, "query", schema, words));
        self
    }

    /// What makes a write that is sent again the same one.
    pub(super) fn takes_key(mut self) -> Self {
        let words = "The same request under the same key is done once, and answered as it was then";
        let schema = text_of(1, crate::api::IDEMPOTENCY_KEY_BYTES_MAX);
        self.parameters.push(parameter("Idempotency-Key", "header", schema, words));
        self
    }

    pub(super) fn answers(mut self, status: u16, words: &str, schema: &str) -> Self {
        let content = json!({JSON: {"schema": named(schema)}});
        self.answers.push((status, json!({"description": words, "content": content})));
        self
    }

    /// The same of what is no JSON.
    pub(super) fn prints(mut self, words: &str, kind: &str) -> Self {
        let content = json!({kind: {"schema": {"type": "string"}}});
        self.answers.push((200, json!({"description": words, "content": content})));
        self
    }

    pub(super) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refused.extend(statuses);
        self
    }

    pub(super) fn entry(&self, examples: &[Example]) -> Value {
        let mut responses = Map::new();
        for (status, response) in &self.answers {
            responses.insert(status.to_string(), response.clone());
        }
        for status in &self.refused {
            let response = match examples.iter().any(|example| example.status == *status) {
                // Beside a reference no example may stand.
                true => errors::response(*status, self.contract),
                false => errors::reference(*status, self.contract),
            };
            responses.insert(status.to_string(), response);
        }
        let mut parameters = self.parameters.clone();
        for example in examples {
            show(&mut parameters, example);
            if let Some(response) = responses.get_mut(&example.status.to_string()) {
                show_answer(response, example);
            }
        }
        let mut entry = json!({
            "operationId": self.id, "summary": self.summary, "tags": [self.tag()],
            "description": format!("It needs {}.", self.need.words()),
            "security": self.security(),
            "responses": responses,
        });
        if !parameters.is_empty() {
            entry["parameters"] = Value::Array(parameters);
        }
        if let Some(schema) = &self.body {
            entry["requestBody"] = body(schema, examples);
        }
        entry
    }

    fn tag(&self) -> &'static str {
        match (self.need, self.contract) {
            (Need::Nothing, _) => "node",
            (_, Contract::V1) => "v1",
            (_, Contract::V2) => "v2",
        }
    }

    /// A key with these scopes; or none, where no keys are configured.
    fn security(&self) -> Value {
        let scopes: Vec<&str> = self.need.scope().map(Scope::word).into_iter().collect();
        match self.need {
            Need::Nothing => json!([]),
            _ => json!([{"bearer": scopes}, {}]),
        }
    }
}

/// What stands between braces.
fn within_path(name: &str) -> Value {
    let (schema, words, usual) = match name {
        "ns" => ("Name", "The name of a namespace", "docs"),
        "id" => ("IdInPath", "The id of a document, whatever ids are here", "1"),
        _ => ("Token", "What an operation is known by", "t"),
    };
    let mut parameter = parameter(name, "path", named(schema), words);
    parameter["required"] = json!(true);
    parameter["example"] = json!(usual);
    parameter
}

fn parameter(name: &str, place: &str, schema: Value, words: &str) -> Value {
    told(json!({"name": name, "in": place, "schema": schema}), words)
}

fn body(schema: &Value, examples: &[Example]) -> Value {
    let shown = examples.iter().filter_map(|example| {
        let value = example.body.clone()?;
        Some((example.name.clone(), json!({"summary": example.summary, "value": value})))
    });
    let shown: Map<String, Value> = shown.collect();
    json!({"required": true, "content": {JSON: {"schema": schema, "examples": shown}}})
}

/// Among the parameters, what an example says that is not the usual.
fn show(parameters: &mut [Value], example: &Example) {
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap_or_default();
        if let Some(value) = example.parameters.get(name).cloned() {
            // The usual one stands beside the others then: a parameter has one or the other.
            if let Some(usual) = parameter.get("example").cloned() {
                parameter["examples"]["usual"] = json!({ "value": usual });
                if let Some(fields) = parameter.as_object_mut() {
                    fields.remove("example");
                }
            }
            parameter["examples"][&*example.name] = json!({ "value": value });
        }
    }
}

fn show_answer(response: &mut Value, example: &Example) {
    let Some(content) = response["content"].as_object_mut() else { return };
    let kind = match example.answer {
        Some(Value::String(_)) => "text/plain",
        _ if content.contains_key(JSON) => JSON,
        _ => return,
    };
    if let (Some(shown), Some(value)) = (content.get_mut(kind), &example.answer) {
        shown["examples"][&*example.name] = json!({"summary": example.summary, "value": value});
    }
}
