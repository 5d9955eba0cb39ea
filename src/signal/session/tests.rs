//! Sessions over channels, on virtual time.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{sink, stream};
use rand::SeedableRng;
use rand::rngs::StdRng;
use slipstream_wire::VERSION;
use slipstream_wire::codec::{Limits, decode};
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{MAX_TOPICS, ToServer};
use tokio::sync::mpsc::{Receiver, UnboundedSender, channel, unbounded_channel};
use tokio::task::JoinHandle;

use super::*;
use crate::conduct::{GREETING, PING};
use crate::hub::Hub;
use crate::router::Settings;

const LIFETIME: Duration = Duration::from_secs(3600);
const TOPIC: Topic = Topic::new([7; 16]);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A server without sockets.
struct World {
    hub: Arc<Hub>,
    ending: watch::Sender<Ending>,
}

/// A browser on the far end of two channels.
struct Browser {
    /// `None` once it has hung up.
    to_server: Option<UnboundedSender<Result<Message, axum::Error>>>,
    from_server: Receiver<Message>,
    session: JoinHandle<()>,
}

/// The server's end of both channels. A message that is not flushed stays where it is.
struct Socket<R, W> {
    reader: R,
    writer: W,
}

impl<R: Stream + Unpin, W: Unpin> Stream for Socket<R, W> {
    type Item = R::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<R::Item>> {
        self.reader.poll_next_unpin(context)
    }
}

impl<R: Unpin, W: Sink<Message> + Unpin> Sink<Message> for Socket<R, W> {
    type Error = W::Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), W::Error>> {
        self.writer.poll_ready_unpin(context)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), W::Error> {
        self.writer.start_send_unpin(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), W::Error>> {
        self.writer.poll_flush_unpin(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), W::Error>> {
        self.writer.poll_close_unpin(context)
    }
}

impl World {
    fn new() -> Self {
        let hub = Arc::new(Hub::new(Settings::default(), StdRng::seed_from_u64(1)));
        Self { hub, ending: watch::Sender::new(Ending::Running) }
    }

    /// Opens a connection; the pipe to the browser takes `pipe` messages.
    fn open(&self, pipe: usize) -> Browser {
        let seat = self.hub.connect([192, 0, 2, 1].into()).unwrap();
        let (to_server, mut reader) = unbounded_channel();
        let (writer, from_server) = channel(pipe);
        let reader = stream::poll_fn(move |context| reader.poll_recv(context));
        let writer =
            sink::unfold(writer, async |writer, message| writer.send(message).await.map(|()| writer));
        let socket = Socket { reader, writer: Box::pin(writer) };
        let session = run(seat, socket, self.ending.subscribe(), LIFETIME, ());
        Browser { to_server: Some(to_server), from_server, session: tokio::spawn(session) }
    }

    async fn greeted(&self, pipe: usize) -> (Browser, PeerId) {
        let mut browser = self.open(pipe);
        browser.say(&ToServer::Hello { version: VERSION });
        match browser.hear().await {
            FromServer::Welcome { version: VERSION, you } => (browser, you),
            other => panic!("{other:?}"),
        }
    }

    fn refused(&self, refusal: Refusal) -> u64 {
        self.hub.metrics().refused(refusal)
    }
}

impl Browser {
    fn say(&self, message: &ToServer) {
        self.send(Message::Binary(encode(message).into()));
    }

    fn send(&self, message: Message) {
        self.come(Ok(message));
    }

    fn come(&self, received: Result<Message, axum::Error>) {
        if let Some(to_server) = &self.to_server {
            // A session that has ended hears nothing, as a closed socket would not.
            let _ = to_server.send(received);
        }
    }

    fn hang_up(&mut self) {
        self.to_server = None;
    }

    /// Reads and answers pings until nothing has come for a second; what came.
    async fn idle(&mut self) -> Vec<FromServer> {
        let mut heard = Vec::new();
        while let Ok(message) = timeout(ms(1_000), self.from_server.recv()).await {
            match message {
                Some(Message::Binary(bytes)) => heard.push(decode(&bytes, &Limits::SERVER).unwrap()),
                Some(Message::Ping(_)) => self.send(Message::Pong("".into())),
                other => panic!("{other:?}"),
            }
        }
        heard
    }

    /// The next message; pings are passed over and not answered.
    async fn hear(&mut self) -> FromServer {
        loop {
            match self.from_server.recv().await {
                Some(Message::Binary(bytes)) => return decode(&bytes, &Limits::SERVER).unwrap(),
                Some(Message::Ping(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads to the end: how the server closed, if it said so.
    async fn closed(mut self) -> Option<CloseFrame> {
        let mut frame = None;
        while let Some(message) = self.from_server.recv().await {
            if let Message::Close(close) = message {
                frame = close;
                self.hang_up();
            }
        }
        self.session.await.unwrap();
        frame
    }

    async fn code(self) -> Option<u16> {
        self.closed().await.map(|frame| frame.code)
    }
}

#[tokio::test(start_paused = true)]
async fn two_browsers_meet_and_one_is_gone_when_it_goes() {
    let world = World::new();
    let (mut ann, ann_id) = world.greeted(9).await;
    let (mut bob, bob_id) = world.greeted(9).await;
    ann.say(&ToServer::Join { topic: TOPIC });
    assert_eq!(ann.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![] });
    bob.say(&ToServer::Join { topic: TOPIC });
    assert_eq!(bob.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![ann_id] });
    let payload = vec![1, 2, 3];
    bob.say(&ToServer::Signal { topic: TOPIC, to: ann_id, payload: payload.clone() });
    let signal = FromServer::Signal { topic: TOPIC, from: bob_id, payload: payload.clone() };
    assert_eq!(ann.hear().await, signal);
    ann.hang_up();
    assert_eq!(ann.code().await, None, "who hangs up is told nothing");
    bob.say(&ToServer::Signal { topic: TOPIC, to: ann_id, payload });
    assert_eq!(bob.hear().await, FromServer::Gone { peer: ann_id });
    let metrics = world.hub.metrics();
    assert_eq!((metrics.connections, metrics.members, metrics.relayed, metrics.gone), (1, 1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_greet_in_time_is_closed() {
    let world = World::new();
    let (start, browser) = (Instant::now(), world.open(9));
    assert_eq!(browser.code().await, Some(CloseCode::Silent as u16));
    assert_eq!(start.elapsed(), ms(GREETING));
    assert_eq!(world.hub.metrics().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn pings_do_not_stand_for_a_greeting() {
    let world = World::new();
    let (start, browser) = (Instant::now(), world.open(9));
    for _ in 0..5 {
        browser.send(Message::Ping("".into()));
    }
    assert_eq!(browser.code().await, Some(CloseCode::Silent as u16));
    assert_eq!(start.elapsed(), ms(GREETING));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_closes_and_is_not_echoed() {
    let odd = [
        Message::Binary("no such thing".into()),
        Message::Binary("".into()),
        Message::Text("hello".into()),
        Message::Binary(encode(&ToServer::Hello { version: VERSION }).into()),
    ];
    for message in odd {
        let world = World::new();
        let (browser, _) = world.greeted(9).await;
        browser.send(message.clone());
        let frame = browser.closed().await.unwrap();
        assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Malformed as u16, ""), "{message:?}");
        assert_eq!(world.refused(Refusal::Malformed) + world.refused(Refusal::Order), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn another_version_is_told_so() {
    let world = World::new();
    let browser = world.open(9);
    browser.say(&ToServer::Hello { version: VERSION + 1 });
    assert_eq!(browser.code().await, Some(CloseCode::Version as u16));
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_dropped_at_first_and_then_closed() {
    let world = World::new();
    let (browser, _) = world.greeted(9).await;
    for _ in 0..200 {
        browser.say(&ToServer::Leave { topic: TOPIC });
    }
    assert_eq!(browser.code().await, Some(CloseCode::Rate as u16));
    assert_eq!((world.refused(Refusal::Rate), world.refused(Refusal::Flood)), (40, 1));
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_goes_on_behind_its_close_code_is_not_read_to_its_end() {
    let world = World::new();
    let (mut browser, _) = world.greeted(9).await;
    let begin = Instant::now();
    for _ in 0..10_000 {
        browser.say(&ToServer::Leave { topic: TOPIC });
    }
    // It does not hang up.
    (&mut browser.session).await.unwrap();
    assert!(begin.elapsed() < FAREWELL, "it was left while there was more to read");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_pings_is_closed_too() {
    let world = World::new();
    let (browser, _) = world.greeted(9).await;
    for _ in 0..30 {
        browser.send(Message::Ping("".into()));
    }
    assert_eq!(browser.code().await, Some(CloseCode::Rate as u16));
}

#[tokio::test(start_paused = true)]
async fn a_message_longer_than_any_closes_as_too_big() {
    let world = World::new();
    let (browser, _) = world.greeted(9).await;
    let error = tungstenite::error::CapacityError::MessageTooLong { size: 1 << 20, max_size: 1 << 14 };
    let error = axum::Error::new(tungstenite::Error::Capacity(error));
    browser.come(Err(error));
    assert_eq!(browser.code().await, Some(1009));
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_is_pinged_and_then_closed() {
    let world = World::new();
    let start = Instant::now();
    let (mut browser, _) = world.greeted(9).await;
    for time in [0, PING] {
        assert_eq!(browser.from_server.recv().await, Some(Message::Ping("".into())));
        assert_eq!(start.elapsed(), ms(time));
    }
    assert_eq!(browser.code().await, Some(CloseCode::Silent as u16));
    assert_eq!(start.elapsed(), ms(SILENCE));
}

#[tokio::test(start_paused = true)]
async fn who_answers_pings_may_stay_for_its_lifetime() {
    let world = World::new();
    let start = Instant::now();
    let (mut browser, _) = world.greeted(9).await;
    let last = loop {
        match browser.from_server.recv().await.unwrap() {
            Message::Ping(_) => browser.send(Message::Pong("".into())),
            other => break other,
        }
    };
    assert_eq!(start.elapsed(), LIFETIME);
    let Message::Binary(last) = last else { panic!("{last:?}") };
    assert!(matches!(decode(&last, &Limits::SERVER), Ok(FromServer::Away { .. })));
    assert_eq!(browser.code().await, Some(CloseCode::Away as u16));
}

/// More signals than wait for one browser, from several others, each within its own rate.
async fn write_much_to(world: &World, reader: PeerId) {
    let nobody = PeerId::new([0; 16]);
    for _ in 0..8 {
        let (mut writer, _) = world.greeted(9).await;
        writer.say(&ToServer::Join { topic: TOPIC });
        writer.hear().await;
        for _ in 0..30 {
            writer.say(&ToServer::Signal { topic: TOPIC, to: reader, payload: vec![0; 100] });
        }
        // Its answer comes behind all others: then the thirty have been handed on, or found nobody.
        writer.say(&ToServer::Signal { topic: TOPIC, to: nobody, payload: vec![] });
        while writer.hear().await != (FromServer::Gone { peer: nobody }) {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_closed_and_holds_up_nobody() {
    let world = World::new();
    let (mut slow, slow_id) = world.greeted(1).await;
    slow.say(&ToServer::Join { topic: TOPIC });
    slow.hear().await;
    let start = Instant::now();
    write_much_to(&world, slow_id).await;
    assert!(start.elapsed() < FAREWELL, "writers did not wait for it");
    // It never reads: no close frame can reach it, so the session gives up.
    slow.session.await.unwrap();
    assert_eq!(world.refused(Refusal::Slow), 1);
    assert!(slow.from_server.len() <= 1, "what is in the pipe is lost");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_that_wakes_up_finds_the_code() {
    let world = World::new();
    let (mut slow, slow_id) = world.greeted(1).await;
    slow.say(&ToServer::Join { topic: TOPIC });
    slow.hear().await;
    write_much_to(&world, slow_id).await;
    assert_eq!(slow.code().await, Some(CloseCode::Slow as u16));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_says_when_to_come_back() {
    let world = World::new();
    let (mut browser, _) = world.greeted(9).await;
    world.ending.send_replace(Ending::Away);
    assert!(matches!(browser.hear().await, FromServer::Away { retry_after: 1..=5 }));
    assert_eq!(browser.code().await, Some(CloseCode::Away as u16));
}

#[tokio::test(start_paused = true)]
async fn a_killed_server_says_nothing() {
    let world = World::new();
    let (browser, _) = world.greeted(9).await;
    world.ending.send_replace(Ending::Killed);
    assert_eq!(browser.code().await, None);
    assert_eq!(world.hub.metrics().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_leaves_the_connection_open() {
    let world = World::new();
    let (mut browser, _) = world.greeted(9).await;
    for number in 0..u8::try_from(MAX_TOPICS).unwrap() {
        let topic = Topic::new([number; 16]);
        browser.say(&ToServer::Join { topic });
        assert_eq!(browser.hear().await, FromServer::Peers { topic, peers: vec![] });
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    browser.say(&ToServer::Join { topic: Topic::new([99; 16]) });
    tokio::time::advance(Duration::from_secs(1)).await;
    browser.say(&ToServer::Join { topic: Topic::new([0; 16]) });
    assert_eq!(browser.hear().await, FromServer::Peers { topic: Topic::new([0; 16]), peers: vec![] });
    assert_eq!(world.refused(Refusal::Topics), 1);
}

/// Lets two members meet, be there for two minutes, and a third come. Whatever timers there are have rung by then.
async fn third_after(world: &World, meanwhile: impl AsyncFn(&mut Browser, u64)) {
    let mut members = Vec::new();
    for _ in 0..2 {
        let (browser, id) = world.greeted(9).await;
        browser.say(&ToServer::Join { topic: TOPIC });
        members.push((browser, id));
    }
    for second in 0..120 {
        for (browser, _) in &mut members {
            meanwhile(browser, second).await;
            browser.idle().await;
        }
    }
    let (mut third, third_id) = world.greeted(9).await;
    third.say(&ToServer::Join { topic: TOPIC });
    let FromServer::Peers { peers, .. } = third.hear().await else { panic!("no introduction") };
    assert_eq!(peers.len(), 2, "the third hears of both");
    for (browser, id) in &mut members {
        assert!(peers.contains(id));
        third.say(&ToServer::Signal { topic: TOPIC, to: *id, payload: vec![3] });
        let offer = FromServer::Signal { topic: TOPIC, from: third_id, payload: vec![3] };
        assert_eq!(browser.idle().await, [offer]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_meets_two_who_sat_idle() {
    third_after(&World::new(), async |_, _| {}).await;
}

#[tokio::test(start_paused = true)]
async fn a_third_meets_two_who_asked_all_the_time() {
    third_after(&World::new(), async |browser, second| {
        if second % 5 == 0 {
            browser.say(&ToServer::Join { topic: TOPIC });
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_third_meets_two_who_left_and_came_back() {
    third_after(&World::new(), async |browser, second| match second % 20 {
        7 => browser.say(&ToServer::Leave { topic: TOPIC }),
        9 => browser.say(&ToServer::Join { topic: TOPIC }),
        _ => {}
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_handed_on_whole_and_in_order() {
    let world = World::new();
    let (mut ann, ann_id) = world.greeted(64).await;
    let (mut bob, _) = world.greeted(64).await;
    for browser in [&mut ann, &mut bob] {
        browser.say(&ToServer::Join { topic: TOPIC });
        browser.hear().await;
    }
    for number in 0..30 {
        bob.say(&ToServer::Signal { topic: TOPIC, to: ann_id, payload: vec![number] });
    }
    for number in 0..30 {
        let FromServer::Signal { payload, .. } = ann.hear().await else { panic!("no signal") };
        assert_eq!(payload, [number]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_server_sends_its_browsers_away_for_longer() {
    let world = World::new();
    assert!((0..100).all(|_| (1..=5).contains(&world.hub.retry_after())));
    let from = |number: u16| IpAddr::from([10, 0, number.to_be_bytes()[0], number.to_be_bytes()[1]]);
    let mut seats = Vec::new();
    for number in 0..4_000 {
        if number % 400 == 0 {
            tokio::time::advance(ms(1_000)).await;
        }
        seats.push(world.hub.connect(from(number)).unwrap());
    }
    let times: Vec<u16> = seats.iter().map(|_| world.hub.retry_after()).collect();
    let most = (1..=20).map(|second| times.iter().filter(|time| **time == second).count()).max();
    assert!(times.iter().all(|time| (1..=20).contains(time)) && most < Some(300), "{most:?} in one second");
}
