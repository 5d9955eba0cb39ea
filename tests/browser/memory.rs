//! What the extension's offscreen document holds on to.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{BrowserError, Chromium, connection::Session};

/// Memory of one document after a collection of garbage, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Objects of JavaScript.
    pub script: u64,
    /// Objects of the browser behind them: connections, events, elements.
    pub browser: u64,
    /// Buffers.
    pub buffers: u64,
    /// Memory of WebAssembly modules.
    pub wasm: u64,
}

impl Memory {
    /// All of it.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.script + self.browser + self.buffers + self.wasm
    }
}

impl Chromium {
    /// What the offscreen document holds after a collection of garbage.
    ///
    /// # Errors
    /// As [`Self::evaluate_offscreen`].
    pub async fn offscreen_memory(&self, deadline: Duration) -> Result<Memory, BrowserError> {
        let session = self.attach_offscreen(Instant::now() + deadline, deadline).await?;
        // What the first collection sets free is what kept the rest alive.
        for _ in 0..COLLECTIONS {
            session.call("HeapProfiler.collectGarbage", json!({})).await?;
        }
        let usage = session.call("Runtime.getHeapUsage", json!({})).await?;
        let wasm = ask_all(&session, "WebAssembly.Memory", WASM_BYTES).await?;
        session.detach().await;
        let figure = |name: &str| bytes(&usage[name]);
        Ok(Memory {
            script: figure("usedSize"),
            browser: figure("embedderHeapUsedSize"),
            buffers: figure("backingStorageSize"),
            wasm,
        })
    }

    /// How many objects of a class, such as `RTCPeerConnection`, the offscreen document still holds.
    ///
    /// # Errors
    /// As [`Self::evaluate_offscreen`].
    pub async fn offscreen_objects(&self, class: &str, deadline: Duration) -> Result<u64, BrowserError> {
        let session = self.attach_offscreen(Instant::now() + deadline, deadline).await?;
        let count = ask_all(&session, class, "function () { return this.length; }").await?;
        session.detach().await;
        Ok(count)
    }
}

/// What a function says of the list of all objects of a class.
async fn ask_all(session: &Session, class: &str, function: &str) -> Result<u64, BrowserError> {
    let prototype = json!({ "expression": format!("{class}.prototype"), "objectGroup": GROUP });
    let prototype = session.call("Runtime.evaluate", prototype).await?;
    let query = json!({ "prototypeObjectId": prototype["result"]["objectId"], "objectGroup": GROUP });
    let objects = session.call("Runtime.queryObjects", query).await?;
    let question = json!({
        "objectId": objects["objects"]["objectId"],
        "functionDeclaration": function,
        "returnByValue": true,
    });
    let answer = session.call("Runtime.callFunctionOn", question).await?;
    // The list itself must not be what keeps them.
    session.call("Runtime.releaseObjectGroup", json!({ "objectGroup": GROUP })).await?;
    Ok(bytes(&answer["result"]["value"]))
}

/// DevTools gives whole numbers as floating-point ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are positive and far from 2⁵³"
)]
fn bytes(value: &Value) -> u64 {
    value.as_f64().unwrap_or(0.0) as u64
}

const COLLECTIONS: usize = 3;
const GROUP: &str = "counted";
const WASM_BYTES: &str =
    "function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }";
