//! A small HTTPS client that trusts one origin.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use slipstream_origin::{Link, Origin, OriginConfig, Protocol, Site, SiteBuilder};
use tokio::{net::TcpStream, task::JoinSet};
use tokio_rustls::TlsConnector;

/// Host that speaks HTTP/1.1 in [`site`].
pub(crate) const H1: &str = "www.one-demo.com";
/// Host that speaks HTTP/2 in [`site`].
pub(crate) const H2: &str = "img.two-demo.net";

/// Longer than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Two hosts, one per protocol, with nothing on them yet.
pub(crate) fn site() -> SiteBuilder {
    Site::builder(format!("https://{H1}/")).host(H1, Protocol::Http1).host(H2, Protocol::Http2)
}

/// An origin with this site on one link, `line`.
pub(crate) async fn start(site: SiteBuilder, link: Link) -> Origin {
    let site = site.build().expect("good site");
    Origin::start(OriginConfig::new().link("line", link).site(site, "line")).await.expect("origin starts")
}

/// One connection.
pub(crate) struct Client {
    host: String,
    sender: Sender,
    driver: JoinSet<()>,
}

enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) async fn connect(origin: &Origin, host: &str) -> Self {
        Self::try_connect(origin, host).await.expect("connection")
    }

    pub(crate) async fn try_connect(origin: &Origin, host: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let mut roots = RootCertStore::empty();
        roots.add(origin.authority_der().to_vec().into())?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let socket = TcpStream::connect(origin.address(host).ok_or("unknown host")?).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let mut driver = JoinSet::new();
        let io = TokioIo::new(stream);
        let sender = if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            // As browsers do: a window that never holds the server back.
            builder.initial_stream_window_size(6 << 20).initial_connection_window_size(15 << 20);
            let (sender, connection) = builder.handshake(io).await?;
            driver.spawn(async move { drop(connection.await) });
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await?;
            driver.spawn(async move { drop(connection.await) });
            Sender::Http1(sender)
        };
        Ok(Self { host: host.to_owned(), sender, driver })
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> hyper::Result<Response<Incoming>> {
        let uri = match self.sender {
            Sender::Http1(_) => path.to_owned(),
            Sender::Http2(_) => format!("https://{}{path}", self.host),
        };
        let mut request = Request::builder().method(method).uri(uri);
        if let Sender::Http1(_) = self.sender {
            request = request.header("host", &self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::new()).expect("good request");
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }

    /// The whole answer to a `GET`.
    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Reply> {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with(&mut self, path: &str, headers: &[(&str, &str)]) -> hyper::Result<Reply> {
        let (head, body) = self.ask("GET", path, headers).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    /// Waits until the connection has ended.
    pub(crate) async fn closed(&mut self) {
        self.driver.join_next().await;
    }
}
