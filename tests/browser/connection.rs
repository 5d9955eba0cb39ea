//! One WebSocket to the browser's DevTools endpoint, shared by any number of sessions.
//!
//! Commands are matched with their answers by number. Events go, in order and on the reading task, to the
//! [`Listener`] of their session, which keeps what it wants in bounded state: there is no queue of events.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::{BrowserError, process::StderrTail};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Whoever keeps what a session's events say. Called on the reading task: it must not block.
pub(crate) trait Listener: Send + Sync {
    /// An event. What it returns is sent as a command whose answer nobody waits for.
    fn event(&self, method: &str, params: &Value) -> Option<(&'static str, Value)>;

    /// The session is over: its target went away, or the whole browser.
    fn over(&self);
}

/// The owner of the socket and its two tasks.
#[derive(Debug)]
pub(crate) struct Connection {
    line: Arc<Line>,
    tasks: [JoinHandle<()>; 2],
}

impl Connection {
    pub(crate) async fn open(address: &str, stderr: StderrTail) -> Result<Self, BrowserError> {
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(MESSAGE_BYTES);
        config.max_frame_size = Some(MESSAGE_BYTES);
        let (socket, _) = timeout(COMMAND_DEADLINE, connect_async_with_config(address, Some(config), true))
            .await
            .map_err(|_| BrowserError::Deadline {
                waited_for: "the DevTools socket",
                detail: address.to_owned(),
                after: COMMAND_DEADLINE,
            })?
            .map_err(|error| BrowserError::Start { fault: error.to_string(), stderr: stderr.lines() })?;
        let (sink, stream) = socket.split();
        let (out, outbox) = mpsc::channel(OUTBOX);
        let line = Arc::new(Line { next: AtomicU64::new(1), state: Mutex::default(), out, stderr });
        let tasks = [tokio::spawn(write(outbox, sink)), tokio::spawn(read(stream, Arc::clone(&line)))];
        Ok(Self { line, tasks })
    }

    /// The session with the browser itself.
    pub(crate) fn browser(&self) -> Session {
        Session { line: Arc::clone(&self.line), id: None }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.line.end();
    }
}

/// A conversation with one target, or with the browser itself. Ends when dropped, or awaited by [`Self::detach`].
#[derive(Debug)]
pub(crate) struct Session {
    line: Arc<Line>,
    id: Option<String>,
}

impl Session {
    /// Sends a command and waits for its answer, for at most [`COMMAND_DEADLINE`].
    pub(crate) async fn call(&self, method: &'static str, params: Value) -> Result<Value, BrowserError> {
        self.call_within(method, params, COMMAND_DEADLINE).await
    }

    pub(crate) async fn call_within(
        &self,
        method: &'static str,
        params: Value,
        deadline: Duration,
    ) -> Result<Value, BrowserError> {
        let detail = params.to_string();
        let (message, answer, _pending) = self.prepare(method, params)?;
        let exchange = async {
            self.line.out.send(message).await.map_err(|_| self.line.ended())?;
            answer.await.map_err(|_| self.line.ended())?
        };
        timeout(deadline, exchange).await.unwrap_or_else(|_| {
            let detail = format!("{method} {}", detail.chars().take(DETAIL_CHARS).collect::<String>());
            Err(BrowserError::Deadline {
                waited_for: "the browser's answer to a command",
                detail,
                after: deadline,
            })
        })
    }

    /// Sends a command if there is room, and does not wait for the answer.
    pub(crate) fn tell(&self, method: &'static str, params: Value) {
        let _ = self.line.out.try_send(message(self.line.number(), self.id.as_deref(), method, params));
    }

    /// Starts a conversation with a target.
    pub(crate) async fn attach(&self, target: &str) -> Result<Self, BrowserError> {
        let method = "Target.attachToTarget";
        let answer = self.call(method, json!({ "targetId": target, "flatten": true })).await?;
        let Some(id) = answer["sessionId"].as_str() else {
            return Err(BrowserError::Protocol { method, message: "no session".into() });
        };
        Ok(Self { line: Arc::clone(&self.line), id: Some(id.to_owned()) })
    }

    /// Hands this session's events to `listener` from now on.
    pub(crate) fn listen(&self, listener: Arc<dyn Listener>) {
        let mut state = self.line.lock();
        match self.id.as_ref().and_then(|id| state.sessions.get_mut(id)) {
            Some(place) => *place = Some(listener),
            None => {
                drop(state);
                listener.over();
            }
        }
    }

    /// Ends the conversation and waits until that is done. The target lives on, and may fall idle again.
    pub(crate) async fn detach(self) {
        if let Some(id) = &self.id {
            let browser = Self { line: Arc::clone(&self.line), id: None };
            // An error means that the session is over already.
            let _ = browser.call("Target.detachFromTarget", json!({ "sessionId": id })).await;
            self.line.close_session(id);
        }
    }

    fn prepare(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<(Message, oneshot::Receiver<Answer>, PendingGuard<'_>), BrowserError> {
        let number = self.line.number();
        let (to, answer) = oneshot::channel();
        let mut state = self.line.lock();
        if state.ended {
            return Err(self.line.ended());
        }
        if self.id.as_ref().is_some_and(|id| !state.sessions.contains_key(id)) {
            return Err(BrowserError::TargetGone { method });
        }
        state.pending.insert(number, Pending { to, method, session: self.id.clone() });
        let message = message(number, self.id.as_deref(), method, params);
        Ok((message, answer, PendingGuard { line: &self.line, number }))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(id) = &self.id else { return };
        if self.line.close_session(id) {
            let params = json!({ "sessionId": id });
            let _ =
                self.line.out.try_send(message(self.line.number(), None, "Target.detachFromTarget", params));
        }
    }
}

type Answer = Result<Value, BrowserError>;

/// What both tasks and all sessions share.
struct Line {
    next: AtomicU64,
    state: Mutex<State>,
    out: mpsc::Sender<Message>,
    stderr: StderrTail,
}

#[derive(Default)]
struct State {
    /// One entry per waiting caller, removed when the caller stops waiting.
    pending: HashMap<u64, Pending>,
    /// One entry per attached session.
    sessions: HashMap<String, Option<Arc<dyn Listener>>>,
    ended: bool,
}

impl State {
    /// Takes out what still waits for an answer of this session.
    fn orphans(&mut self, session: &str) -> Vec<Pending> {
        let of_session = |_: &u64, pending: &mut Pending| pending.session.as_deref() == Some(session);
        self.pending.extract_if(of_session).map(|(_, pending)| pending).collect()
    }
}

struct Pending {
    to: oneshot::Sender<Answer>,
    method: &'static str,
    session: Option<String>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> BrowserError {
        BrowserError::Ended { stderr: self.stderr.lines() }
    }

    fn received(&self, mut message: Value) {
        if let Some(number) = message["id"].as_u64() {
            let Some(pending) = self.lock().pending.remove(&number) else { return };
            let answer = match message["error"]["message"].as_str() {
                Some(text) => {
                    let detail = message["error"]["data"].as_str().unwrap_or_default();
                    let message = format!("{text} {detail}").trim_end().to_owned();
                    Err(BrowserError::Protocol { method: pending.method, message })
                }
                None => Ok(message["result"].take()),
            };
            // Whoever asked may have stopped waiting.
            let _ = pending.to.send(answer);
            return;
        }
        let Some(method) = message["method"].as_str() else { return };
        if matches!(method, "Target.attachedToTarget" | "Target.detachedFromTarget") {
            let Some(id) = message["params"]["sessionId"].as_str() else { return };
            if method == "Target.attachedToTarget" {
                // Said before the answer to the command that attaches, so no event of the session is missed.
                self.lock().sessions.insert(id.to_owned(), None);
            } else {
                self.close_session(id);
            }
            return;
        }
        let Some(id) = message["sessionId"].as_str() else { return };
        if method == "Inspector.targetCrashed" {
            // The browser leaves what the page was asked without an answer.
            let orphans = self.lock().orphans(id);
            for pending in orphans {
                let _ = pending.to.send(Err(BrowserError::Crashed));
            }
        }
        let listener = self.lock().sessions.get(id).cloned().flatten();
        if let Some(listener) = listener
            && let Some((method, params)) = listener.event(method, &message["params"])
        {
            let _ = self.out.try_send(self::message(self.number(), Some(id), method, params));
        }
    }

    /// False if it was closed before.
    fn close_session(&self, id: &str) -> bool {
        let mut state = self.lock();
        let Some(listener) = state.sessions.remove(id) else { return false };
        let orphans = state.orphans(id);
        drop(state);
        for pending in orphans {
            let _ = pending.to.send(Err(BrowserError::TargetGone { method: pending.method }));
        }
        if let Some(listener) = listener {
            listener.over();
        }
        true
    }

    fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        // Dropping the senders tells every waiting caller.
        state.pending.clear();
        let sessions = std::mem::take(&mut state.sessions);
        drop(state);
        for listener in sessions.into_values().flatten() {
            listener.over();
        }
    }
}

/// Forgets a command whose caller no longer waits.
struct PendingGuard<'a> {
    line: &'a Line,
    number: u64,
}

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.line.lock().pending.remove(&self.number);
    }
}

fn message(number: u64, session: Option<&str>, method: &str, params: Value) -> Message {
    let mut message = json!({ "id": number, "method": method, "params": params });
    if let Some(id) = session {
        message["sessionId"] = id.into();
    }
    Message::text(message.to_string())
}

async fn write(mut outbox: mpsc::Receiver<Message>, mut sink: SplitSink<Socket, Message>) {
    while let Some(message) = outbox.recv().await {
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

async fn read(mut stream: SplitStream<Socket>, line: Arc<Line>) {
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message
            && let Ok(message) = serde_json::from_str(&text)
        {
            line.received(message);
        }
    }
    line.end();
}

/// How long a command may take unless its caller says otherwise.
pub(crate) const COMMAND_DEADLINE: Duration = Duration::from_secs(30);
/// A picture of a page of 1280×16384 pixels that hardly compresses takes about 110 MB as base64.
const MESSAGE_BYTES: usize = 256 << 20;
/// Commands that wait for the socket; callers beyond that wait for room.
const OUTBOX: usize = 64;
/// How much of a command an error shows.
const DETAIL_CHARS: usize = 500;
