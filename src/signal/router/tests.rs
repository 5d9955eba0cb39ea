use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use slipstream_wire::server::MAX_PEERS;

use super::*;
use crate::members::MAX_MEMBERS;

fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
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
    let peer = router.connect(0, rng).unwrap();
    router.receive(peer, hello(), 0).unwrap();
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
    let (mut router, mut model, mut rng) = (Router::new(40), Model::default(), rng());
    for (count, step) in steps.into_iter().enumerate() {
        // Slow enough for every rate.
        let now = count as u64 * 1000;
        let (from, message, number) = match step {
            Step::Connect => {
                if let Ok(peer) = router.connect(now, &mut rng) {
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
        let outcome = router.receive(from, message, now);
        match (expected, outcome) {
            (Err(expected), outcome) => assert_eq!(outcome, Err(expected)),
            (Ok(Expected::Exactly(sent)), outcome) => assert_eq!(outcome, Ok(sent)),
            (Ok(Expected::PeersFrom(members)), outcome) => {
                assert_eq!(outcome.as_ref().unwrap().as_ref().unwrap().to, from);
                let given = peers(outcome);
                let distinct: BTreeSet<PeerId> = given.iter().copied().collect();
                assert!(distinct.is_subset(&members), "only members, never the asker");
                assert_eq!(distinct.len(), given.len(), "nobody twice");
                assert_eq!(given.len(), members.len().min(MAX_PEERS), "as many as there may be");
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
            let (mut router, mut rng) = (Router::new(50), StdRng::seed_from_u64(seed));
            let browsers: Vec<PeerId> = (0..30).map(|_| greeted(&mut router, &mut rng)).collect();
            browsers.iter().map(|&from| router.receive(from, join(1), 0)).collect::<Vec<_>>()
        };
        prop_assert_eq!(world(), world());
    }
}

#[test]
fn a_signal_reaches_its_target_and_nobody_else_learns_of_it() {
    let (mut router, mut rng) = (Router::new(10), rng());
    let [ann, bob, eve] = [(); 3].map(|()| greeted(&mut router, &mut rng));
    for browser in [ann, bob] {
        router.receive(browser, join(1), 0).unwrap();
    }
    router.receive(eve, join(2), 0).unwrap();
    let message = FromServer::Signal { topic: topic(1), from: ann, payload: vec![1] };
    assert_eq!(router.receive(ann, signal(1, bob), 0), Ok(Some(Sent { to: bob, message })));
    for (from, number, to) in [(eve, 1, bob), (eve, 2, bob), (ann, 1, eve), (ann, 2, bob), (ann, 1, ann)] {
        let gone = Sent { to: from, message: FromServer::Gone { peer: to } };
        assert_eq!(router.receive(from, signal(number, to), 0), Ok(Some(gone)));
    }
}

#[test]
fn nothing_goes_before_the_greeting_and_no_greeting_goes_twice() {
    let (mut router, mut rng) = (Router::new(10), rng());
    let browser = router.connect(0, &mut rng).unwrap();
    assert_eq!(router.receive(browser, join(1), 0), Err(Refusal::Order));
    let other = ToServer::Hello { version: VERSION + 1 };
    assert_eq!(router.receive(browser, other, 0), Err(Refusal::Version));
    assert!(router.receive(browser, hello(), 0).is_ok());
    assert_eq!(router.receive(browser, hello(), 0), Err(Refusal::Order));
}

#[test]
fn a_full_router_takes_nobody_until_somebody_goes() {
    let (mut router, mut rng) = (Router::new(2), rng());
    let first = router.connect(0, &mut rng).unwrap();
    router.connect(0, &mut rng).unwrap();
    assert_eq!(router.connect(0, &mut rng), Err(Refusal::Full));
    router.disconnect(first);
    assert!(router.connect(0, &mut rng).is_ok());
}

#[test]
fn messages_above_the_rate_are_dropped_and_a_flood_ends_the_connection() {
    let (mut router, mut rng) = (Router::new(2), rng());
    let browser = greeted(&mut router, &mut rng);
    let leave = || ToServer::Leave { topic: topic(1) };
    let outcomes: Vec<_> = (0..120).map(|_| router.receive(browser, leave(), 0)).collect();
    let count = |wanted| outcomes.iter().filter(|&outcome| *outcome == wanted).count();
    assert_eq!(count(Ok(None)), 39, "the greeting was the fortieth");
    assert_eq!(count(Err(Refusal::Rate)), 40);
    assert_eq!(count(Err(Refusal::Flood)), 41);
    assert_eq!(router.receive(browser, leave(), 50), Ok(None), "a token comes back each 50 ms");
}

#[test]
fn joins_come_in_a_burst_and_then_one_each_second() {
    let (mut router, mut rng) = (Router::new(2), rng());
    let browser = greeted(&mut router, &mut rng);
    for number in 0..16 {
        assert!(router.receive(browser, join(number), 0).is_ok());
    }
    assert_eq!(router.receive(browser, join(0), 999), Err(Refusal::Joins));
    assert!(router.receive(browser, join(0), 1000).is_ok());
    assert_eq!(router.receive(browser, join(16), 2000), Err(Refusal::Topics));
    router.receive(browser, ToServer::Leave { topic: topic(3) }, 2000).unwrap();
    assert!(router.receive(browser, join(16), 3000).is_ok());
}

#[test]
fn a_topic_takes_no_more_than_its_members_and_forgets_those_who_go() {
    let (mut router, mut rng) = (Router::new(MAX_MEMBERS + 1), rng());
    let browsers: Vec<PeerId> = (0..=MAX_MEMBERS).map(|_| greeted(&mut router, &mut rng)).collect();
    let (late, early) = browsers.split_last().unwrap();
    for &browser in early {
        router.receive(browser, join(1), 0).unwrap();
    }
    assert_eq!(router.receive(*late, join(1), 0), Err(Refusal::TopicFull));
    router.disconnect(early[0]);
    assert_eq!(peers(router.receive(*late, join(1), 0)).len(), MAX_PEERS);
    for &browser in &browsers {
        router.disconnect(browser);
    }
    assert_eq!((router.connections(), router.topics(), router.members()), (0, 0, 0));
}

#[test]
fn who_asks_again_the_same_day_meets_the_same_members() {
    let (mut router, mut rng) = (Router::new(200), rng());
    let browsers: Vec<PeerId> = (0..100).map(|_| greeted(&mut router, &mut rng)).collect();
    for &browser in &browsers {
        router.receive(browser, join(1), 0).unwrap();
    }
    let first = peers(router.receive(browsers[0], join(1), 5000));
    router.receive(browsers[0], ToServer::Leave { topic: topic(1) }, 6000).unwrap();
    assert_eq!(peers(router.receive(browsers[0], join(1), 9000)), first, "leaving does not shuffle");
    assert_ne!(peers(router.receive(browsers[1], join(1), 9000)), first, "others meet others");
    assert_ne!(peers(router.receive(browsers[0], join(1), DAY)), first, "a new day, new lots");
    let newcomer = greeted(&mut router, &mut rng);
    router.receive(newcomer, join(1), 9000).unwrap();
    let after = peers(router.receive(browsers[0], join(1), 10_000));
    let kept = after.iter().filter(|peer| first.contains(peer)).count();
    assert!(kept >= MAX_PEERS - 1, "one newcomer displaces one at most");
}

/// Each newcomer offers to whom it is told; nobody may be left alone, and early members must not carry it all.
#[test]
fn introductions_make_one_swarm_with_its_load_spread() {
    for seed in 0..5 {
        let (mut router, mut rng) = (Router::new(2000), StdRng::seed_from_u64(seed));
        let browsers: Vec<PeerId> = (0..1000).map(|_| greeted(&mut router, &mut rng)).collect();
        let place: HashMap<PeerId, usize> =
            browsers.iter().enumerate().map(|(at, &peer)| (peer, at)).collect();
        let mut swarm: Vec<usize> = (0..browsers.len()).collect();
        let mut offers = vec![0; browsers.len()];
        for (at, &browser) in browsers.iter().enumerate() {
            for met in peers(router.receive(browser, join(1), 0)) {
                offers[place[&met]] += 1;
                let (mine, theirs) = (swarm[at], swarm[place[&met]]);
                swarm.iter_mut().filter(|name| **name == mine).for_each(|name| *name = theirs);
            }
        }
        assert!(swarm.iter().all(|name| *name == swarm[0]), "one swarm, seed {seed}");
        // Eight times the harmonic sum of a thousand is sixty: what a member of the first hour is offered.
        assert!(offers.iter().all(|offered| *offered < 120), "load, seed {seed}");
    }
}
