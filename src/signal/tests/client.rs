//! A browser as far as the server can tell, over a real socket.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use slipstream_wire::VERSION;
use slipstream_wire::codec::{Limits, decode, encode};
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{FromServer, ToServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub(crate) const EXTENSION: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop";
pub(crate) const TOPIC: Topic = Topic::new([0x5a; 16]);

pub(crate) struct Browser {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Browser {
    pub(crate) async fn open(server: SocketAddr, origin: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{server}/v1").into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse()?);
        }
        let stream = TcpStream::connect(server).await?;
        Ok(Self { socket: client_async(request, stream).await?.0 })
    }

    pub(crate) async fn greeted(server: SocketAddr) -> (Self, PeerId) {
        let mut browser = Self::open(server, Some(EXTENSION)).await.expect("the server lets extensions in");
        browser.say(&ToServer::Hello { version: VERSION }).await;
        match browser.hear().await {
            FromServer::Welcome { you, .. } => (browser, you),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn say(&mut self, message: &ToServer) {
        self.socket.send(Message::Binary(encode(message).into())).await.expect("the socket is open");
    }

    /// The next that is no ping.
    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Ping(_))) => {}
                other => return other,
            }
        }
    }

    pub(crate) async fn hear(&mut self) -> FromServer {
        match self.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                decode(&bytes, &Limits::SERVER).expect("the server is well-formed")
            }
            other => panic!("{other:?}"),
        }
    }

    /// The code of the close frame that comes next.
    pub(crate) async fn code(&mut self) -> u16 {
        match self.next().await {
            Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }
}

/// What a plain request gets, until the server closes.
pub(crate) async fn get(server: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the server answers in text");
    answer
}
