//! What a page complained about.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    BrowserError,
    connection::{Listener, Session},
};

/// How bad the browser or the page says it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ConsoleLevel {
    /// `console.warn`, or a warning of the browser.
    Warning,
    /// `console.error`, a failed assertion, an uncaught exception or rejection, a failed request.
    Error,
}

/// One complaint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsoleEntry {
    /// How bad.
    pub level: ConsoleLevel,
    /// `console`, `exception`, or the browser's name for its part that complains, such as `network` or `security`.
    pub source: String,
    /// The text, cut after 4,000 characters.
    pub text: String,
    /// The script or resource that it is about, where the browser names one.
    pub url: Option<String>,
}

/// The latest complaints of a page.
#[derive(Debug, Default)]
pub(crate) struct Console {
    entries: VecDeque<ConsoleEntry>,
}

impl Console {
    /// Notes an event, if it is a complaint.
    pub(crate) fn note(&mut self, method: &str, params: &Value) {
        let entry = match method {
            "Runtime.consoleAPICalled" => from_call(params),
            "Runtime.exceptionThrown" => Some(from_exception(&params["exceptionDetails"])),
            "Log.entryAdded" => from_log(&params["entry"]),
            _ => None,
        };
        if let Some(entry) = entry {
            if self.entries.len() == ENTRIES {
                self.entries.pop_front();
            }
            self.entries.push_back(entry);
        }
    }

    pub(crate) fn entries(&self) -> Vec<ConsoleEntry> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn take(&mut self) -> Vec<ConsoleEntry> {
        std::mem::take(&mut self.entries).into()
    }
}

/// What the target of a session has complained about so far: it keeps that, and repeats it to whoever starts to
/// listen, before the answer.
pub(crate) async fn replay(session: &Session) -> Result<Vec<ConsoleEntry>, BrowserError> {
    let replay = Arc::new(Replay::default());
    session.listen(Arc::clone(&replay) as Arc<dyn Listener>);
    session.call("Runtime.enable", json!({})).await?;
    session.call("Log.enable", json!({})).await?;
    Ok(replay.0.lock().unwrap_or_else(PoisonError::into_inner).entries())
}

#[derive(Default)]
struct Replay(Mutex<Console>);

impl Listener for Replay {
    fn event(&self, method: &str, params: &Value) -> Option<(&'static str, Value)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).note(method, params);
        None
    }

    fn over(&self) {}
}

/// The text of an exception as the protocol describes it: message and stack where there are, else the value thrown.
pub(crate) fn exception_text(details: &Value) -> String {
    let exception = &details["exception"];
    exception["description"]
        .as_str()
        .map(str::to_owned)
        .or_else(|| exception.get("value").map(ToString::to_string))
        .unwrap_or_else(|| details["text"].as_str().unwrap_or("unknown").to_owned())
}

fn from_call(params: &Value) -> Option<ConsoleEntry> {
    let level = match params["type"].as_str()? {
        "error" | "assert" => ConsoleLevel::Error,
        "warning" => ConsoleLevel::Warning,
        _ => return None,
    };
    let words: Vec<String> = params["args"].as_array()?.iter().map(argument_text).collect();
    let url = address(&params["stackTrace"]["callFrames"][0]["url"]);
    Some(ConsoleEntry { level, source: "console".into(), text: cut(&words.join(" ")), url })
}

fn from_exception(details: &Value) -> ConsoleEntry {
    let text = cut(&exception_text(details));
    ConsoleEntry {
        level: ConsoleLevel::Error,
        source: "exception".into(),
        text,
        url: address(&details["url"]),
    }
}

fn from_log(entry: &Value) -> Option<ConsoleEntry> {
    let level = match entry["level"].as_str()? {
        "error" => ConsoleLevel::Error,
        "warning" => ConsoleLevel::Warning,
        _ => return None,
    };
    let source = entry["source"].as_str().unwrap_or("other").to_owned();
    let text = cut(entry["text"].as_str().unwrap_or_default());
    Some(ConsoleEntry { level, source, text, url: address(&entry["url"]) })
}

/// A value as a console would show it on one line.
fn argument_text(argument: &Value) -> String {
    match &argument["value"] {
        Value::String(text) => return text.clone(),
        Value::Null => {}
        other => return other.to_string(),
    }
    let words = ["unserializableValue", "description", "subtype", "type"];
    let name = words.iter().find_map(|word| argument[word].as_str()).unwrap_or("unknown");
    let Some(properties) =
        argument["preview"]["properties"].as_array().filter(|_| argument["subtype"] != "error")
    else {
        return name.to_owned();
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields: Vec<String> = properties
        .iter()
        .map(|field| format!("{}: {}", text(&field["name"]), text(&field["value"])))
        .collect();
    format!("{name} {{{}}}", fields.join(", "))
}

fn address(value: &Value) -> Option<String> {
    value.as_str().filter(|url| !url.is_empty()).map(cut)
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}

/// A page that complains more often than that is not worth reading further back.
const ENTRIES: usize = 1_000;
const TEXT_CHARS: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_oldest_complaints_make_room() {
        let mut console = Console::default();
        for number in 0..ENTRIES + 5 {
            let call = json!({ "type": "error", "args": [{ "type": "number", "value": number }] });
            console.note("Runtime.consoleAPICalled", &call);
        }
        assert_eq!(console.entries().len(), ENTRIES);
        assert_eq!(console.entries()[0].text, "5");
    }

    #[test]
    fn plain_messages_are_no_complaints() {
        let mut console = Console::default();
        console.note("Runtime.consoleAPICalled", &json!({ "type": "log", "args": [{ "value": "hello" }] }));
        console.note("Log.entryAdded", &json!({ "entry": { "level": "info", "text": "hello" } }));
        assert_eq!(console.entries(), []);
    }
}
