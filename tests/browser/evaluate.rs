//! Running a script in whatever a session is attached to.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{BrowserError, connection::Session, console::exception_text};

/// The value of an expression, its promise awaited. `undefined` is null; numbers that JSON lacks come as text.
pub(crate) async fn evaluate(session: &Session, js: &str, deadline: Duration) -> Result<Value, BrowserError> {
    let params = json!({ "expression": js, "awaitPromise": true, "returnByValue": true });
    let answer = session.call_within("Runtime.evaluate", params, deadline).await;
    let mut answer = answer.map_err(|error| error.while_waiting_for("a script's value", deadline))?;
    if let Some(details) = answer.get("exceptionDetails") {
        return Err(BrowserError::Exception { text: exception_text(details) });
    }
    let result = &mut answer["result"];
    Ok(match result.get_mut("value") {
        Some(value) => value.take(),
        None => result["unserializableValue"].take(),
    })
}

/// Waits until a JavaScript expression is true. What it throws counts as "not yet", except that it cannot be parsed.
pub(crate) async fn wait_for(session: &Session, js: &str, deadline: Duration) -> Result<(), BrowserError> {
    let end = Instant::now() + deadline;
    let expression = format!("(async () => Boolean(await ({js}\n)))()");
    let mut last = String::new();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match evaluate(session, &expression, left).await {
            Ok(Value::Bool(true)) => return Ok(()),
            Ok(_) => last.clear(),
            Err(BrowserError::Exception { text }) if !text.starts_with("SyntaxError") => last = text,
            Err(BrowserError::Deadline { .. }) => {}
            Err(error) if !is_between_documents(&error) => return Err(error),
            Err(_) => {}
        }
        if Instant::now() >= end {
            let detail = if last.is_empty() { js.to_owned() } else { format!("{js}, which throws {last}") };
            return Err(BrowserError::Deadline {
                waited_for: "a script's condition",
                detail,
                after: deadline,
            });
        }
        sleep(POLL).await;
    }
}

/// Whether a script could not answer only because the page is on its way to another document.
pub(crate) fn is_between_documents(error: &BrowserError) -> bool {
    let BrowserError::Protocol { message, .. } = error else { return false };
    ["context was destroyed", "Cannot find context", "default execution context", "navigated or closed"]
        .iter()
        .any(|part| message.contains(part))
}

const POLL: Duration = Duration::from_millis(20);
