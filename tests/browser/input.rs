//! Real key presses and clicks, which the page cannot tell from a user's.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{BrowserError, Page, evaluate::is_between_documents};

impl Page {
    /// Clicks on the middle of the first element that matches the CSS selector, scrolled into view. Waits until the
    /// element is there, has stopped moving and is not covered by another.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`] when there is none in time, [`BrowserError::Deadline`] when it stays covered.
    pub async fn click(&self, selector: &str, deadline: Duration) -> Result<(), BrowserError> {
        let (x, y) = self.middle_of(selector, deadline).await?;
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({
                "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
            });
            self.session.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Presses and releases a key: one character, or a name such as `Enter`, `Tab`, `Escape`, `Space`, `Backspace`,
    /// `Delete`, `Home`, `End`, `PageUp`, `PageDown`, `ArrowDown`. `Shift+`, `Control+`, `Alt+` and `Meta+` may
    /// precede it.
    ///
    /// # Errors
    /// [`BrowserError::Setting`] for a name that is none of these.
    pub async fn press(&self, key: &str) -> Result<(), BrowserError> {
        let mut event = key_event(key)?;
        event["type"] = if event.get("text").is_some() { "keyDown" } else { "rawKeyDown" }.into();
        self.session.call("Input.dispatchKeyEvent", event.clone()).await?;
        event["type"] = "keyUp".into();
        if let Some(fields) = event.as_object_mut() {
            fields.remove("text");
        }
        self.session.call("Input.dispatchKeyEvent", event).await.map(drop)
    }

    /// Presses one key per character.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn type_text(&self, text: &str) -> Result<(), BrowserError> {
        for character in text.chars() {
            self.press(character.encode_utf8(&mut [0; 4])).await?;
        }
        Ok(())
    }

    async fn middle_of(&self, selector: &str, deadline: Duration) -> Result<(f64, f64), BrowserError> {
        let end = Instant::now() + deadline;
        let script = format!("({FIND})({})", Value::from(selector));
        let mut fault = String::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.evaluate_within(&script, left).await {
                Ok(Value::String(text)) => fault = text,
                Ok(found) => {
                    if let (Some(x), Some(y)) = (found["x"].as_f64(), found["y"].as_f64()) {
                        return Ok((x, y));
                    }
                }
                Err(BrowserError::Deadline { .. }) => {}
                Err(error) if is_between_documents(&error) => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= end {
                if fault == "absent" {
                    return Err(BrowserError::NoElement { selector: selector.to_owned() });
                }
                let waited_for = "an element that can be clicked";
                let detail = format!("{selector}: {fault}");
                return Err(BrowserError::Deadline { waited_for, detail, after: deadline });
            }
            sleep(POLL).await;
        }
    }
}

/// The middle of an element in the viewport, or why it cannot be clicked.
const FIND: &str = r"async (selector) => {
  const element = document.querySelector(selector);
  if (!element) return 'absent';
  element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  const before = element.getBoundingClientRect();
  await new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 200); });
  const box = element.getBoundingClientRect();
  if (box.x !== before.x || box.y !== before.y) return 'moving';
  if (!box.width || !box.height) return 'without size';
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  let hit = document.elementFromPoint(x, y);
  while (hit?.shadowRoot?.elementFromPoint(x, y) && hit !== element) {
    const inner = hit.shadowRoot.elementFromPoint(x, y);
    if (inner === hit) break;
    hit = inner;
  }
  const label = hit?.closest('label')?.control === element;
  return element === hit || element.contains(hit) || label ? { x, y } : 'covered';
}";

fn key_event(name: &str) -> Result<Value, BrowserError> {
    let mut modifiers = 0;
    let mut key = name;
    while let Some((bit, rest)) = MODIFIERS.iter().find_map(|(word, bit)| {
        let rest = key.strip_prefix(word)?.strip_prefix('+')?;
        (!rest.is_empty()).then_some((bit, rest))
    }) {
        modifiers |= bit;
        key = rest;
    }
    if let Some((_, key, code, number, text)) = KEYS.iter().find(|(known, ..)| *known == key) {
        let mut event = json!({
            "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
        });
        if !text.is_empty() {
            event["text"] = (*text).into();
        }
        return Ok(event);
    }
    let mut characters = key.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else {
        return Err(BrowserError::Setting { fault: "there is no key of this name", value: name.to_owned() });
    };
    let capital = character.to_ascii_uppercase();
    let mut event = json!({ "key": key, "modifiers": modifiers });
    if capital.is_ascii_alphabetic() {
        event["code"] = format!("Key{capital}").into();
        event["windowsVirtualKeyCode"] = u32::from(capital).into();
    } else if capital.is_ascii_digit() {
        event["code"] = format!("Digit{capital}").into();
        event["windowsVirtualKeyCode"] = u32::from(capital).into();
    }
    // With Control, Alt or Meta held, a key is a command and writes nothing.
    if modifiers & !SHIFT == 0 {
        event["text"] = key.into();
    }
    Ok(event)
}

const SHIFT: u32 = 8;
/// Bits of the protocol's `modifiers`.
const MODIFIERS: &[(&str, u32)] = &[("Alt", 1), ("Control", 2), ("Meta", 4), ("Shift", SHIFT)];
/// Name, `key`, `code`, virtual key code, text (UI Events; codes as on a US keyboard).
const KEYS: &[(&str, &str, &str, u32, &str)] = &[
    ("ArrowDown", "ArrowDown", "ArrowDown", 40, ""),
    ("ArrowLeft", "ArrowLeft", "ArrowLeft", 37, ""),
    ("ArrowRight", "ArrowRight", "ArrowRight", 39, ""),
    ("ArrowUp", "ArrowUp", "ArrowUp", 38, ""),
    ("Backspace", "Backspace", "Backspace", 8, ""),
    ("Delete", "Delete", "Delete", 46, ""),
    ("End", "End", "End", 35, ""),
    ("Enter", "Enter", "Enter", 13, "\r"),
    ("Escape", "Escape", "Escape", 27, ""),
    ("Home", "Home", "Home", 36, ""),
    ("PageDown", "PageDown", "PageDown", 34, ""),
    ("PageUp", "PageUp", "PageUp", 33, ""),
    ("Space", " ", "Space", 32, " "),
    ("Tab", "Tab", "Tab", 9, ""),
];

const POLL: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_key_writes_no_text() {
        let event = key_event("Control+Shift+a").unwrap();
        assert_eq!(event["modifiers"], 10);
        assert_eq!(event["code"], "KeyA");
        assert!(event.get("text").is_none());
    }

    #[test]
    fn a_plus_sign_is_a_key() {
        assert_eq!(key_event("+").unwrap()["text"], "+");
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(matches!(key_event("Entre"), Err(BrowserError::Setting { .. })));
    }
}
