//! One connection, from its acceptance to its end.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use http::{Request, Response, StatusCode, Uri, header};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite, duplex, split},
    net::TcpStream,
    time::{Instant, sleep_until},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    answer::{Answer, answer},
    body::MeteredBody,
    fault::Faults,
    lane::carry,
    ledger::Ledger,
    link::{Outage, SharedLink},
    site::{Host, Protocol},
};

/// What all connections of one listener share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) protocol: Protocol,
    pub(crate) link: Arc<SharedLink>,
    pub(crate) hosts: BTreeMap<String, Host>,
    pub(crate) faults: Arc<Mutex<Faults>>,
    pub(crate) edition: Arc<AtomicU32>,
    pub(crate) ledger: Arc<Ledger>,
}

/// Serves `socket` until either side ends it, or its link does.
pub(crate) async fn run(socket: TcpStream, acceptor: TlsAcceptor, service: Arc<Service>) {
    let accepted = Instant::now();
    let mut condition = service.link.watch();
    let born = *condition.borrow_and_update();
    let mut work = pin!(async {
        // Whatever breaks a connection is the client's to see, in its own way.
        let _ = if born.shaped {
            serve_shaped(socket, accepted, acceptor, &service).await
        } else {
            serve(socket, acceptor, Arc::clone(&service), PIECE_UNSHAPED).await
        };
    });
    loop {
        let now = *condition.borrow_and_update();
        if now.outage == Some(Outage::Cut) || now.shaped != born.shaped {
            return;
        }
        let silent = now.outage == Some(Outage::Silent);
        tokio::select! {
            () = &mut work, if !silent => return,
            changed = condition.changed() => if changed.is_err() { return },
        }
    }
}

async fn serve_shaped(
    socket: TcpStream,
    accepted: Instant,
    acceptor: TlsAcceptor,
    service: &Arc<Service>,
) -> io::Result<()> {
    // Loopback has connected at once; on the line SYN and SYN-ACK would have gone there and back.
    sleep_until(accepted + service.link.rtt()).await;
    let (from_client, to_client) = socket.into_split();
    let (inner, outer) = duplex(DUPLEX_BYTES);
    let (from_server, to_server) = split(outer);
    let down = carry(from_server, to_client, service.link.down.enter());
    let up = carry(from_client, to_server, service.link.up.enter());
    let serving = async {
        let _ = serve(inner, acceptor, Arc::clone(service), PIECE_SHAPED).await;
        Ok(())
    };
    tokio::select! {
        // The server is done and its last byte has arrived, or the client takes no more.
        result = async { tokio::try_join!(serving, down) } => result.map(|_| ()),
        // The end of what the client says is no end of the connection; its breaking is.
        Err(error) = up => Err(error),
    }
}

async fn serve<T>(transport: T, acceptor: TlsAcceptor, service: Arc<Service>, piece: usize) -> io::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = acceptor.accept_with(transport, |tls| tls.set_buffer_limit(Some(2 * piece))).await?;
    let protocol = service.protocol;
    let handler = service_fn(move |request| {
        let response = respond(&service, request, piece);
        async move { Ok::<_, Infallible>(response) }
    });
    let io = TokioIo::new(stream);
    match protocol {
        Protocol::Http1 => {
            http1::Builder::new().max_buf_size(HTTP1_BYTES).serve_connection(io, handler).await
        }
        Protocol::Http2 => {
            http2::Builder::new(TokioExecutor::new())
                .max_send_buf_size(piece)
                .max_concurrent_streams(STREAMS_MAX)
                .serve_connection(io, handler)
                .await
        }
    }
    .map_err(io::Error::other)
}

fn respond(service: &Service, request: Request<Incoming>, piece: usize) -> Response<MeteredBody> {
    let (parts, _) = request.into_parts();
    let name = host_of(&parts.uri, &parts.headers);
    let url = format!("https://{name}{}", parts.uri.path_and_query().map_or("/", |path| path.as_str()));
    let fault = service.faults.lock().unwrap_or_else(PoisonError::into_inner).of(&url);
    let Answer { status, headers, body, fault } = match service.hosts.get(&name) {
        Some(host) => answer(host, &parts, service.edition.load(Ordering::Relaxed), fault),
        None => Answer::bare(StatusCode::MISDIRECTED_REQUEST),
    };
    let entry = service.ledger.begin(url, &parts, status, &headers);
    let mut response = Response::new(MeteredBody::new(body, piece, fault, entry));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Name of the host asked for, lower-case, without a port.
fn host_of(uri: &Uri, headers: &http::HeaderMap) -> String {
    let from_header = || headers.get(header::HOST).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let authority = uri.authority().map(|authority| authority.to_string()).or_else(from_header);
    let authority = authority.unwrap_or_default().to_ascii_lowercase();
    authority.split_once(':').map_or(authority.as_str(), |(name, _)| name).to_owned()
}

// Together with what waits in the lane, these keep about 64 KiB of a connection out of a reset's reach.

/// Bytes between TLS and the lane.
const DUPLEX_BYTES: usize = 4 * 1_024;
/// Bytes that HTTP/1.1 gathers; also the bound of a request's head.
const HTTP1_BYTES: usize = 16 * 1_024;
/// Bytes of body handed over at once; two such may wait in TLS. Small, because each stream of HTTP/2 has one in hand.
const PIECE_SHAPED: usize = 4 * 1_024;
/// The same where no line is shared: a TLS record.
const PIECE_UNSHAPED: usize = 16 * 1_024;
/// Streams of one connection, as usual servers allow.
const STREAMS_MAX: u32 = 128;
