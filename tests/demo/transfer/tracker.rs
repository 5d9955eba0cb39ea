//! As much of a WebSocket tracker as two browsers need to meet: it hands offers to the others of a swarm, and answers back.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use slipstream_stage::Fault;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};
use tokio_tungstenite::{accept_async, tungstenite::Message};

type Line = mpsc::Sender<String>;
/// By swarm and name.
type Members = Arc<Mutex<BTreeMap<(String, String), Line>>>;

/// Messages that wait for a browser: a handful of offers at a time.
const WAITING: usize = 64;

pub(super) struct Tracker {
    url: String,
}

impl Tracker {
    /// Listens until the runtime ends.
    pub(super) async fn start() -> Result<Self, Fault> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("ws://{}", listener.local_addr()?);
        let members = Members::default();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&members)));
            }
        });
        Ok(Self { url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

async fn serve(socket: TcpStream, members: Members) {
    let Ok(socket) = accept_async(socket).await else { return };
    let (mut sink, mut stream) = socket.split();
    let (line, mut waiting) = mpsc::channel::<String>(WAITING);
    let writer = tokio::spawn(async move {
        while let Some(text) = waiting.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = stream.next().await {
        if let Ok(said) = serde_json::from_slice::<Value>(&message.into_data()) {
            hear(&said, &line, &members).await;
        }
    }
    members.lock().await.retain(|_, other| !other.same_channel(&line));
    writer.abort();
}

async fn hear(said: &Value, line: &Line, members: &Members) {
    let [swarm, from] =
        ["info_hash", "peer_id"].map(|name| said[name].as_str().unwrap_or_default().to_owned());
    let mut members = members.lock().await;
    let pass = |to: &Line, what: &str, value: &Value, offer_id: &Value| {
        let message = json!({
            "action": "announce", "info_hash": swarm, "peer_id": from, what: value, "offer_id": offer_id,
        });
        // A browser that does not read its messages does without them.
        let _ = to.try_send(message.to_string());
    };
    if said["answer"].is_object() {
        let to = said["to_peer_id"].as_str().unwrap_or_default().to_owned();
        if let Some(to) = members.get(&(swarm.clone(), to)) {
            pass(to, "answer", &said["answer"], &said["offer_id"]);
        }
        return;
    }
    if said["event"] == "stopped" {
        members.remove(&(swarm, from));
        return;
    }
    let others = members.iter().filter(|((of, name), _)| *of == swarm && *name != from);
    for ((_, to), offer) in others.zip(said["offers"].as_array().into_iter().flatten()) {
        pass(to, "offer", &offer["offer"], &offer["offer_id"]);
    }
    members.insert((swarm.clone(), from), line.clone());
    let heard = json!({
        "action": "announce", "info_hash": swarm, "interval": 120, "complete": 1, "incomplete": 1,
    });
    let _ = line.try_send(heard.to_string());
}
