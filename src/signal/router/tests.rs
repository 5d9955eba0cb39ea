use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use slipstream_wire::server::MAX_PEERS;

use super::*;
use crate::members::MAX_MEMBERS;
use crate::place::Places;

mod any_frames;

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

fn router(capacity: usize) -> Router {
    let arrivals = Rate::per_second(u32::MAX, u32::MAX);
    Router::new(Settings { capacity, arrivals, ..Settings::default() })
}

/// Where nobody else is.
fn place() -> Place {
    Places::new(1).of([192, 0, 2, 1].into())
}

fn topic(number: u8) -> Topic {
    Topic::new([number; 16])
}

fn hello() -> ToServer {
    ToServer::Hello { version: VERSION }
}

fn join(number: u8) -> ToServer {
    ToServer::Join { topic: topic(number) }
}

fn signal(number: u8, to: PeerId) -> ToServer {
    ToServer::Signal { topic: topic(number), to, payload: vec![number] }
}

/// A browser that has greeted.
fn greeted(router: &mut Router, rng: &mut StdRng) -> PeerId {
    let peer = router.connect(place(), 0, rng).unwrap();
    router.receive(peer, hello(), 0, rng).unwrap();
    peer
}

fn peers(outcome: Result<Option<Sent>, Refusal>) -> Vec<PeerId> {
    match outcome.unwrap().unwrap().message {
        FromServer::Peers { peers, .. } => peers,
        other => panic!("{other:?}"),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Connect,
    Greet(usize),
    Join(usize, u8),
    Leave(usize, u8),
    Signal(usize, usize, u8),
    SignalToNobody(usize, u8),
    Disconnect(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, whom, what) = (0..30usize, 0..30usize, 0..20u8);
    prop_oneof![
        3 => Just(Step::Connect),
        3 => who.clone().prop_map(Step::Greet),
        6 => (who.clone(), what.clone()).prop_map(|(who, what)| Step::Join(who, what % 5)),
        2 => (who.clone(), what.clone()).prop_map(|(who, what)| Step::Join(who, what)),
        2 => (who.clone(), what.clone()).prop_map(|(who, what)| Step::Leave(who, what % 5)),
        8 => (who.clone(), whom, what.clone()).prop_map(|(who, whom, what)| Step::Signal(who, whom, what % 5)),
        1 => (who.clone(), what).prop_map(|(who, what)| Step::SignalToNobody(who, what)),
        1 => who.prop_map(Step::Disconnect),
    ]
}

/// The naive router: a list of browsers, each with a set of topics.
#[derive(Default)]
struct Model {
    ever: Vec<PeerId>,
    open: Vec<(PeerId, bool, BTreeSet<u8>)>,
}

impl Model {
    fn who(&self, place: usize) -> Option<PeerId> {
        (!self.ever.is_empty()).then(|| self.ever[place % self.ever.len()])
    }

    fn greeted(&self, peer: PeerId) -> Option<bool> {
        self.open.iter().find(|open| open.0 == peer).map(|open| open.1)
    }

    fn entry(&mut self, peer: PeerId) -> &mut (PeerId, bool, BTreeSet<u8>) {
        self.open.iter_mut().find(|open| open.0 == peer).unwrap()
    }

    fn members(&self, topic: u8) -> BTreeSet<PeerId> {
        self.open.iter().filter(|open| open.2.contains(&topic)).map(|open| open.0).collect()
    }

    fn expect(&mut self, from: PeerId, message: &ToServer, number: u8) -> Result<Expected, Refusal> {
        match (self.greeted(from), message) {
            (Some(false), ToServer::Hello { .. }) => {
                self.entry(from).1 = true;
                Ok(Expected::Exactly(Some(Sent {
                    to: from,
                    message: FromServer::Welcome { version: VERSION, you: from },
                })))
            }
            (Some(true), ToServer::Join { .. }) => {
                let topics = &mut self.entry(from).2;
                if topics.len() >= MAX_TOPICS && !topics.contains(&number) {
                    return Err(Refusal::Topics);
                }
                topics.insert(number);
                Ok(Expected::PeersFrom(&self.members(number) - &BTreeSet::from([from])))
            }
            (Some(true), ToServer::Leave { .. }) => {
                self.entry(from).2.remove(&number);
                Ok(Expected::Exactly(None))
            }
            (Some(true), ToServer::Signal { topic, to, payload }) => {
                let members = self.members(number);
                let delivered = from != *to && members.contains(&from) && members.contains(to);
                Ok(Expected::Exactly(Some(if delivered {
                    let message = FromServer::Signal { topic: *topic, from, payload: payload.clone() };
                    Sent { to: *to, message }
                } else {
                    Sent { to: from, message: FromServer::Gone { peer: *to } }
                })))
            }
            _ => Err(Refusal::Order),
        }
    }
}

enum Expected {
    Exactly(Option<Sent>),
    PeersFrom(BTreeSet<PeerId>),
}

fn play(steps: Vec<Step>) {
    let (mut router, mut model, mut rng) = (router(40), Model::default(), rng());
    for (count, step) in steps.into_iter().enumerate() {
        // Slow enough for every rate.
        let now = count as u64 * 1000;
        let (from, message, number) = match step {
            Step::Connect => {
                if let Ok(peer) = router.connect(place(), now, &mut rng) {
                    model.ever.push(peer);
                    model.open.push((peer, false, BTreeSet::new()));
                }
                continue;
            }
            Step::Disconnect(who) => {
                let Some(peer) = model.who(who) else { continue };
                router.disconnect(peer);
                model.open.retain(|open| open.0 != peer);
                continue;
            }
            Step::Greet(who) => (model.who(who), hello(), 0),
            Step::Join(who, number) => (model.who(who), join(number), number),
            Step::Leave(who, number) => (model.who(who), ToServer::Leave { topic: topic(number) }, number),
            Step::Signal(who, whom, number) => {
                let Some(to) = model.who(whom) else { continue };
                (model.who(who), signal(number, to), number)
            }
            Step::SignalToNobody(who, number) => {
                (model.who(who), signal(number, PeerId::new([9; 16])), number)
            }
        };
        let Some(from) = from else { continue };
        let expected = model.expect(from, &message, number);
        let outcome = router.receive(from, message, now, &mut rng);
        match (expected, outcome) {
            (Err(expected), outcome) => assert_eq!(outcome, Err(expected)),
            (Ok(Expected::Exactly(sent)), outcome) => assert_eq!(outcome, Ok(sent)),
            (Ok(Expected::PeersFrom(members)), outcome) => {
                assert_eq!(outcome.as_ref().unwrap().as_ref().unwrap().to, from);
                let given = peers(outcome);
                let distinct: BTreeSet<PeerId> = given.iter().copied().collect();
                assert!(distinct.is_subset(&members), "only members, never the asker");
                assert_eq!(distinct.len(), given.len(), "nobody twice");
                assert!(given.len() <= MAX_PEERS);
                assert_eq!(given.is_empty(), members.is_empty(), "whoever is not alone meets somebody");
            }
        }
        let sets = model.open.iter().map(|open| &open.2);
        assert_eq!(router.connections(), model.open.len());
        assert_eq!(router.members(), sets.clone().map(BTreeSet::len).sum::<usize>());
        assert_eq!(router.topics(), sets.flatten().collect::<BTreeSet<_>>().len());
    }
}

proptest! {
    #[test]
    fn the_router_does_what_the_naive_one_does(steps in proptest::collection::vec(step(), 0..400)) {
        play(steps);
    }

    #[test]
    fn equal_seeds_make_equal_worlds(seed in any::<u64>()) {
        let world = || {
            let (mut router, mut rng) = (router(50), StdRng::seed_from_u64(seed));
            let browsers: Vec<PeerId> = (0..30).map(|_| greeted(&mut router, &mut rng)).collect();
            browsers.iter().map(|&from| router.receive(from, join(1), 0, &mut rng)).collect::<Vec<_>>()
        };
        prop_assert_eq!(world(), world());
    }
}

#[test]
fn a_signal_reaches_its_target_and_nobody_else_learns_of_it() {
    let (mut router, mut rng) = (router(10), rng());
    let [ann, bob, eve] = [(); 3].map(|()| greeted(&mut router, &mut rng));
    for browser in [ann, bob] {
        router.receive(browser, join(1), 0, &mut rng).unwrap();
    }
    router.receive(eve, join(2), 0, &mut rng).unwrap();
    let message = FromServer::Signal { topic: topic(1), from: ann, payload: vec![1] };
    assert_eq!(router.receive(ann, signal(1, bob), 0, &mut rng), Ok(Some(Sent { to: bob, message })));
    for (from, number, to) in [(eve, 1, bob), (eve, 2, bob), (ann, 1, eve), (ann, 2, bob), (ann, 1, ann)] {
        let gone = Sent { to: from, message: FromServer::Gone { peer: to } };
        assert_eq!(router.receive(from, signal(number, to), 0, &mut rng), Ok(Some(gone)));
    }
}

#[test]
fn nothing_goes_before_the_greeting_and_no_greeting_goes_twice() {
    let (mut router, mut rng) = (router(10), rng());
    let browser = router.connect(place(), 0, &mut rng).unwrap();
    assert_eq!(router.receive(browser, join(1), 0, &mut rng), Err(Refusal::Order));
    let other = ToServer::Hello { version: VERSION + 1 };
    assert_eq!(router.receive(browser, other, 0, &mut rng), Err(Refusal::Version));
    assert!(router.receive(browser, hello(), 0, &mut rng).is_ok());
    assert_eq!(router.receive(browser, hello(), 0, &mut rng), Err(Refusal::Order));
}

#[test]
fn a_full_router_takes_nobody_until_somebody_goes() {
    let (mut router, mut rng) = (router(2), rng());
    let first = router.connect(place(), 0, &mut rng).unwrap();
    router.connect(place(), 0, &mut rng).unwrap();
    assert_eq!(router.connect(place(), 0, &mut rng), Err(Refusal::Full));
    router.disconnect(first);
    assert!(router.connect(place(), 0, &mut rng).is_ok());
}

#[test]
fn messages_above_the_rate_are_dropped_and_a_flood_ends_the_connection() {
    let (mut router, mut rng) = (router(2), rng());
    let browser = greeted(&mut router, &mut rng);
    let leave = || ToServer::Leave { topic: topic(1) };
    let outcomes: Vec<_> = (0..120).map(|_| router.receive(browser, leave(), 0, &mut rng)).collect();
    let count = |wanted| outcomes.iter().filter(|&outcome| *outcome == wanted).count();
    assert_eq!(count(Ok(None)), 39, "the greeting was the fortieth");
    assert_eq!(count(Err(Refusal::Rate)), 40);
    assert_eq!(count(Err(Refusal::Flood)), 41);
    assert_eq!(router.receive(browser, leave(), 50, &mut rng), Ok(None), "a token comes back each 50 ms");
}

#[test]
fn joins_come_in_a_burst_and_then_one_each_second() {
    let (mut router, mut rng) = (router(2), rng());
    let browser = greeted(&mut router, &mut rng);
    for number in 0..16 {
        assert!(router.receive(browser, join(number), 0, &mut rng).is_ok());
    }
    assert_eq!(router.receive(browser, join(0), 999, &mut rng), Err(Refusal::Joins));
    assert!(router.receive(browser, join(0), 1000, &mut rng).is_ok());
    assert_eq!(router.receive(browser, join(16), 2000, &mut rng), Err(Refusal::Topics));
    router.receive(browser, ToServer::Leave { topic: topic(3) }, 2000, &mut rng).unwrap();
    assert!(router.receive(browser, join(16), 3000, &mut rng).is_ok());
}

#[test]
fn a_topic_takes_no_more_than_its_members_and_forgets_those_who_go() {
    let (mut router, mut rng) = (router(MAX_MEMBERS + 1), rng());
    let browsers: Vec<PeerId> = (0..=MAX_MEMBERS).map(|_| greeted(&mut router, &mut rng)).collect();
    let (late, early) = browsers.split_last().unwrap();
    for &browser in early {
        router.receive(browser, join(1), 0, &mut rng).unwrap();
    }
    assert_eq!(router.receive(*late, join(1), 0, &mut rng), Err(Refusal::TopicFull));
    router.disconnect(early[0]);
    assert_eq!(peers(router.receive(*late, join(1), 0, &mut rng)).len(), INTRODUCED);
    for &browser in &browsers {
        router.disconnect(browser);
    }
    assert_eq!((router.connections(), router.topics(), router.members()), (0, 0, 0));
}

#[test]
fn who_asks_again_hears_of_the_same_and_of_one_more_but_harvests_nobody() {
    let (mut router, mut rng) = (router(1000), rng());
    let browsers: Vec<PeerId> = (0..900).map(|_| greeted(&mut router, &mut rng)).collect();
    for &browser in &browsers {
        router.receive(browser, join(1), 0, &mut rng).unwrap();
    }
    let asker = greeted(&mut router, &mut rng);
    let first = peers(router.receive(asker, join(1), 0, &mut rng));
    assert_eq!(first.len(), INTRODUCED);
    let second = peers(router.receive(asker, join(1), 5_000, &mut rng));
    assert_eq!(second.len(), INTRODUCED + 1);
    assert!(first.iter().all(|peer| second.contains(peer)), "the way to them may have failed");

    let mut heard_of: BTreeSet<PeerId> = second.into_iter().collect();
    for time in 2..=3_600 {
        heard_of.extend(peers(router.receive(asker, join(1), time * 1_000, &mut rng)));
        if time % 2 == 0 {
            router.receive(asker, ToServer::Leave { topic: topic(1) }, time * 1_000, &mut rng).unwrap();
        }
    }
    let most = ACQUAINTANCES.burst + 60 * ACQUAINTANCES.per_minute;
    assert!(heard_of.len() <= most as usize, "{} in an hour", heard_of.len());
}

#[test]
fn a_member_that_left_is_named_no_more_and_another_takes_its_place() {
    let (mut router, mut rng) = (router(100), rng());
    let browsers: Vec<PeerId> = (0..20).map(|_| greeted(&mut router, &mut rng)).collect();
    for &browser in &browsers {
        router.receive(browser, join(1), 0, &mut rng).unwrap();
    }
    let asker = greeted(&mut router, &mut rng);
    let first = peers(router.receive(asker, join(1), 0, &mut rng));
    for &gone in &first {
        router.disconnect(gone);
    }
    let second = peers(router.receive(asker, join(1), 5_000, &mut rng));
    assert_eq!(second.len(), INTRODUCED);
    assert!(second.iter().all(|peer| !first.contains(peer)));
}

#[test]
fn a_restart_brings_no_more_at_once_than_the_server_takes() {
    let arrivals = Rate::per_second(100, 100);
    let (mut router, mut rng) = (Router::new(Settings { arrivals, ..Settings::default() }), rng());
    let mut come = |now| (0..500).filter(|_| router.connect(place(), now, &mut rng).is_ok()).count();
    assert_eq!([0, 500, 1_000].map(&mut come), [100, 50, 50]);
}

#[test]
fn credentials_are_given_three_times_and_then_once_a_minute() {
    let (mut router, mut rng) = (router(10), rng());
    let browser = greeted(&mut router, &mut rng);
    let mut ask = |now| router.receive(browser, ToServer::Ice, now, &mut rng);
    for _ in 0..3 {
        assert!(matches!(ask(0), Ok(Some(Sent { message: FromServer::Ice { .. }, .. }))));
    }
    assert_eq!(ask(59_999), Err(Refusal::Ice));
    assert!(ask(60_000).is_ok());
}

#[test]
fn a_signal_crosses_to_another_node_only_from_and_to_a_member() {
    let mut rng = rng();
    let [mut east, mut west] =
        [[1; 4], [2; 4]].map(|node| Router::new(Settings { node: Some(node), ..Settings::default() }));
    let [ann, eve] = [(); 2].map(|()| greeted(&mut east, &mut rng));
    let [bob, dan] = [(); 2].map(|()| greeted(&mut west, &mut rng));
    assert!(east.is_foreign(bob) && !east.is_foreign(ann) && west.is_foreign(ann));
    east.receive(ann, join(1), 0, &mut rng).unwrap();
    west.receive(bob, join(1), 0, &mut rng).unwrap();
    west.receive(dan, join(2), 0, &mut rng).unwrap();

    let signal_to = |to| FromServer::Signal { topic: topic(1), from: ann, payload: vec![to] };
    assert_eq!(
        east.receive(ann, signal(1, bob), 0, &mut rng),
        Ok(Some(Sent { to: bob, message: signal_to(1) })),
        "for the bus"
    );
    let gone = |to, peer| Sent { to, message: FromServer::Gone { peer } };
    assert_eq!(east.receive(eve, signal(1, bob), 0, &mut rng), Ok(Some(gone(eve, bob))), "no member");

    let arrives = |from, to| west.receive_foreign(from, topic(1), to, vec![1]);
    assert_eq!(arrives(ann, bob), Sent { to: bob, message: signal_to(1) });
    assert_eq!(arrives(ann, dan), gone(ann, dan), "another topic");
    assert_eq!(arrives(ann, PeerId::new([2; 16])), gone(ann, PeerId::new([2; 16])), "nobody");
    assert_eq!(arrives(bob, bob), gone(bob, bob), "no name of another node");

    let lent = west.lend(topic(1), INTRODUCED, &mut rng);
    assert_eq!(lent, [bob]);
    let peers = FromServer::Peers { topic: topic(1), peers: lent.clone() };
    assert_eq!(east.borrow(ann, topic(1), lent.clone()), Some(Sent { to: ann, message: peers }));
    assert_eq!(east.borrow(eve, topic(1), lent), None, "it has left");
}
