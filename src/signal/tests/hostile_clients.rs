//! Whatever a client does, it costs a bounded amount of memory, ends with its code, and the others go on.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use slipstream_wire::codec::encode;
use slipstream_wire::id::Topic;
use slipstream_wire::server::{CloseCode, FromServer, MAX_PAYLOAD, ToServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Browser, EXTENSION, TOPIC};
use crate::program::Program;

/// Attackers at once.
const MANY: usize = 50;
/// What a machine needs at the most for what is waited for here.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the first of anything brings along: tables that grow, pages that an allocator keeps.
const SLACK: u64 = 8 * 1024 * 1024;

/// The server, two honest browsers, and what it weighed before.
struct Siege {
    server: Program,
    ann: Browser,
    bob: Browser,
    ann_id: slipstream_wire::id::PeerId,
    before: u64,
}

impl Siege {
    async fn begin() -> Self {
        let server = Program::start(&["--per-address", "0", "--arrivals", "0"]);
        let (mut ann, ann_id) = Browser::greeted(server.addr).await;
        let (mut bob, _) = Browser::greeted(server.addr).await;
        for browser in [&mut ann, &mut bob] {
            browser.say(&ToServer::Join { topic: TOPIC }).await;
            browser.hear().await;
        }
        let before = server.resident().await;
        Self { server, ann, bob, ann_id, before }
    }

    /// The two still hear each other, and the server weighs no more than so much for each of so many.
    async fn end(mut self, attackers: usize, each: u64) {
        let payload = vec![1; 700];
        self.bob.say(&ToServer::Signal { topic: TOPIC, to: self.ann_id, payload: payload.clone() }).await;
        let heard = timeout(PATIENCE, self.ann.hear()).await.expect("the signal arrives");
        assert!(matches!(heard, FromServer::Signal { payload: arrived, .. } if arrived == payload));
        let grown = self.server.resident().await.saturating_sub(self.before);
        assert!(grown <= SLACK + attackers as u64 * each, "{grown} bytes for {attackers} attackers");
    }
}

/// Reads to the end: the code of the close frame, if there was one.
async fn code(browser: &mut Browser) -> Option<u16> {
    let end = async {
        loop {
            match browser.socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    };
    timeout(PATIENCE, end).await.expect("the server closes")
}

/// A connection past the handshake, without a library that would keep it to the form.
async fn raw(server: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    let request = format!(
        "GET /v1 HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\norigin: {EXTENSION}\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: c2xpcHN0cmVhbS1sb2FkIQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("the server answers"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// The code with which a raw connection is closed.
async fn raw_code(stream: &mut TcpStream) -> Option<u16> {
    let mut rest = Vec::new();
    // A reset after the close frame is as good an end as any.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the server closes");
    match rest[..] {
        [0x88, _, high, low, ..] => Some(u16::from_be_bytes([high, low])),
        _ => None,
    }
}

#[tokio::test]
async fn a_flood_is_closed_and_counted() {
    let siege = Siege::begin().await;
    for _ in 0..MANY {
        let (mut loud, _) = Browser::greeted(siege.server.addr).await;
        let leave = Message::Binary(encode(&ToServer::Leave { topic: TOPIC }).into());
        for _ in 0..500 {
            // Closed in the middle of it.
            if loud.socket.feed(leave.clone()).await.is_err() {
                break;
            }
        }
        let _ = loud.socket.flush().await;
        assert!(
            matches!(code(&mut loud).await, Some(4002) | None),
            "a close frame, unless a reset overtook it"
        );
    }
    assert_eq!(siege.server.refused("flood").await, MANY as u64);
    siege.end(MANY, 20_000).await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_dropped_before_it_costs_memory() {
    let siege = Siege::begin().await;
    let addr = siege.server.addr;
    let mut slow = Vec::new();
    let topic = Topic::new([9; 16]);
    for _ in 0..10 {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = socket.connect(addr).await.expect("the server listens");
        let mut request = format!("ws://{addr}/v1").into_client_request().expect("a well-formed address");
        request.headers_mut().insert("origin", EXTENSION.parse().expect("a header"));
        let mut browser = Browser { socket: client_async(request, stream).await.expect("it is let in").0 };
        browser.say(&ToServer::Hello { version: slipstream_wire::VERSION }).await;
        let FromServer::Welcome { you, .. } = browser.hear().await else { panic!("no welcome") };
        browser.say(&ToServer::Join { topic }).await;
        browser.hear().await;
        // From here on it reads nothing.
        slow.push((browser, you));
    }
    let writers = (0..20).map(|_| async {
        let (mut writer, _) = Browser::greeted(addr).await;
        writer.say(&ToServer::Join { topic }).await;
        loop {
            for (_, to) in &slow {
                let payload = vec![0; MAX_PAYLOAD];
                let message = encode(&ToServer::Signal { topic, to: *to, payload });
                if writer.socket.send(Message::Binary(message.into())).await.is_err() {
                    return;
                }
                // Twenty a second, as it may.
                sleep(Duration::from_millis(50)).await;
                while let Ok(Some(Ok(_))) = timeout(Duration::ZERO, writer.socket.next()).await {}
            }
        }
    });
    let all_dropped = async {
        while siege.server.refused("slow").await < slow.len() as u64 {
            sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        _ = futures_util::future::join_all(writers) => panic!("the writers did nothing wrong"),
        dropped = timeout(PATIENCE, all_dropped) => dropped.expect("all slow readers are dropped"),
    }
    siege.end(slow.len() + 20, 300_000).await;
}

#[tokio::test]
async fn a_frame_of_64_megabytes_is_refused_by_its_header() {
    let siege = Siege::begin().await;
    let mut open = Vec::new();
    for _ in 0..MANY {
        let mut stream = raw(siege.server.addr).await;
        let mut head = vec![0x82, 0xff];
        head.extend_from_slice(&(64u64 << 20).to_be_bytes());
        head.extend_from_slice(&[0; 4]);
        stream.write_all(&head).await.expect("the server reads");
        assert_eq!(raw_code(&mut stream).await, Some(1009));
        open.push(stream);
    }
    assert_eq!(siege.server.refused("oversized").await, MANY as u64);
    siege.end(MANY, 20_000).await;
}

#[tokio::test]
async fn fragments_of_one_message_do_not_add_up_beyond_its_limit() {
    let siege = Siege::begin().await;
    let mut stream = raw(siege.server.addr).await;
    let fragment = |opcode: u8| [&[opcode, 0xfe, 0x10, 0, 0, 0, 0, 0][..], &[0; 4096]].concat();
    stream.write_all(&fragment(0x02)).await.expect("the server reads");
    for _ in 0..20 {
        // Closed in the middle of it.
        if stream.write_all(&fragment(0)).await.is_err() {
            break;
        }
    }
    assert!(matches!(raw_code(&mut stream).await, Some(1009) | None));
    assert_eq!(siege.server.refused("oversized").await, 1);
    siege.end(1, 50_000).await;
}

#[tokio::test]
async fn what_is_no_message_is_closed_as_malformed() {
    let siege = Siege::begin().await;
    let nested = [vec![0x91; 10_000], vec![0xc0]].concat();
    let huge_array = vec![0xdd, 0xff, 0xff, 0xff, 0xff];
    let extension = vec![0xc7, 1, 0, 0];
    for _ in 0..MANY / 10 {
        for odd in [&nested, &huge_array, &extension] {
            let (mut browser, _) = Browser::greeted(siege.server.addr).await;
            browser.socket.send(Message::Binary(odd.clone().into())).await.expect("the socket is open");
            assert_eq!(code(&mut browser).await, Some(CloseCode::Malformed as u16));
        }
        let bad_utf8 = [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe];
        let reserved_opcode = [0x83, 0x80, 0, 0, 0, 0];
        let not_masked = [0x82, 0x01, 0x00];
        for odd in [&bad_utf8[..], &reserved_opcode, &not_masked] {
            let mut stream = raw(siege.server.addr).await;
            stream.write_all(odd).await.expect("the server reads");
            assert_eq!(raw_code(&mut stream).await, Some(CloseCode::Malformed as u16), "{odd:?}");
        }
    }
    siege.end(MANY, 20_000).await;
}

#[tokio::test]
async fn half_open_connections_are_few_and_short_lived() {
    let siege = Siege::begin().await;
    let addr = siege.server.addr;
    let mut open = Vec::new();
    for number in 0..600 {
        open.push(match number % 3 {
            0 => TcpStream::connect(addr).await.expect("the server listens"),
            1 => {
                let mut stream = TcpStream::connect(addr).await.expect("the server listens");
                stream.write_all(b"GET /v1 HTTP/1.1\r\nhost: x\r\n").await.expect("the server reads");
                stream
            }
            _ => raw(addr).await,
        });
    }
    for stream in &mut open {
        let mut rest = Vec::new();
        let _ =
            timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the server closes it by itself");
    }
    assert_eq!(siege.server.figure("slipstream_connections").await, 2);
    siege.end(600, 20_000).await;
}

#[tokio::test]
async fn ten_thousand_topics_are_sixteen_at_the_most() {
    let siege = Siege::begin().await;
    let (mut greedy, _) = Browser::greeted(siege.server.addr).await;
    for number in 0..10_000u64 {
        let mut topic = [0; 16];
        topic[..8].copy_from_slice(&number.to_be_bytes());
        let join = Message::Binary(encode(&ToServer::Join { topic: Topic::new(topic) }).into());
        if greedy.socket.send(join).await.is_err() {
            break;
        }
        if number % 10 == 0 {
            assert!(siege.server.figure("slipstream_topics").await <= 17);
        }
    }
    assert!(matches!(code(&mut greedy).await, Some(4002) | None));
    assert_eq!(siege.server.figure("slipstream_topics").await, 1, "they went with it");
    siege.end(1, 100_000).await;
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let siege = Siege::begin().await;
    for _ in 0..MANY {
        let mut stream = TcpStream::connect(siege.server.addr).await.expect("the server listens");
        let header = format!("x-{}: {}\r\n", "a".repeat(100), "b".repeat(900));
        let _ = stream.write_all(b"GET /v1 HTTP/1.1\r\n").await;
        for _ in 0..50 {
            if stream.write_all(header.as_bytes()).await.is_err() {
                break;
            }
        }
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the server closes it");
    }
    siege.end(MANY, 20_000).await;
}

#[tokio::test]
async fn a_page_is_refused_before_it_holds_a_place() {
    let siege = Siege::begin().await;
    for _ in 0..MANY {
        let refused = Browser::open(siege.server.addr, Some("https://page.example")).await;
        assert!(matches!(refused, Err(Error::Http(response)) if response.status() == 403));
    }
    assert_eq!(siege.server.figure("slipstream_connections").await, 2);
    siege.end(MANY, 20_000).await;
}
