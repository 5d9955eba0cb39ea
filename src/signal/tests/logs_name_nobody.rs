//! No address, topic, peer id or payload stands in any log line, at any level, whatever happens.

use std::io;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_wire::VERSION;
use slipstream_wire::codec::{Limits, decode, encode};
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{FromServer, ToServer};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use tracing_subscriber::fmt::MakeWriter;

const TOPIC: Topic = Topic::new([0x5a; 16]);
const PAYLOAD: &[u8] = b"sealed-fixture";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test thread panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

async fn open(server: &Server) -> (WebSocketStream<TcpStream>, PeerId) {
    let mut request =
        format!("ws://{}/v1", server.addr()).into_client_request().expect("a well-formed address");
    request.headers_mut().insert("origin", "moz-extension://fixture-origin".parse().expect("a header"));
    let stream = TcpStream::connect(server.addr()).await.expect("the server listens");
    let (mut socket, _) = client_async(request, stream).await.expect("the server lets extensions in");
    say(&mut socket, &ToServer::Hello { version: VERSION }).await;
    match hear(&mut socket).await {
        FromServer::Welcome { you, .. } => (socket, you),
        other => panic!("{other:?}"),
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, message: &ToServer) {
    socket.send(Message::binary(encode(message))).await.expect("the socket is open");
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> FromServer {
    loop {
        let message = socket.next().await.expect("an answer").expect("an open socket");
        if let Message::Binary(bytes) = message {
            return decode(&bytes, &Limits::SERVER).expect("a message");
        }
    }
}

#[tokio::test]
async fn logs_name_nobody() {
    let lines = Lines::default();
    // Without the time: its digits could look like a port.
    let layer =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).without_time();
    tracing::subscriber::set_global_default(layer.with_writer(lines.clone()).finish()).unwrap();

    let server = Server::start(ServerConfig::default()).await.unwrap();
    let (mut ann, ann_id) = open(&server).await;
    let (mut bob, bob_id) = open(&server).await;
    let (mut odd, odd_id) = open(&server).await;
    for socket in [&mut ann, &mut bob] {
        say(socket, &ToServer::Join { topic: TOPIC }).await;
        hear(socket).await;
    }
    for to in [bob_id, odd_id] {
        say(&mut ann, &ToServer::Signal { topic: TOPIC, to, payload: PAYLOAD.to_vec() }).await;
    }
    assert!(matches!(hear(&mut bob).await, FromServer::Signal { .. }));
    assert!(matches!(hear(&mut ann).await, FromServer::Gone { .. }));
    odd.send(Message::binary(PAYLOAD)).await.unwrap();
    while !matches!(odd.next().await, Some(Ok(Message::Close(_))) | None) {}
    let port = server.addr().port().to_string();
    server.stop().await;

    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for line in ["started", "connection refused", "malformed", "stopped"] {
        assert!(logged.contains(line), "without {line:?} this test proves nothing:\n{logged}");
    }
    let ids = [ann_id, bob_id, odd_id].map(|id| *id.as_bytes());
    let names = ids.iter().chain([TOPIC.as_bytes()]).flat_map(|bytes| {
        let short = format!("({:02x}{:02x}", bytes[0], bytes[1]);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [short, hex, format!("{:?}", &bytes[..4]).replace(']', "")]
    });
    let fixed = ["127.0.0.1", "::1", &port, "fixture-origin", "sealed-fixture"].map(String::from);
    for name in names.chain(fixed) {
        assert!(!logged.contains(&name), "{name} stands in the log:\n{logged}");
    }
}
