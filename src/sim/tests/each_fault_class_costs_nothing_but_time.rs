//! The fault classes of SECURITY.md §6.1 that concern peers, wire and shelf, each injected 300 times: no wrong byte (the
//! world itself sees to that), no page that hangs, and nothing that stays locked.

use std::{rc::Rc, time::Duration};

use slipstream_core::{
    fact::{Fact, Tab},
    port::Input,
};
use slipstream_sim::{BrowserId, Lie, VisitId, World, settings, site, site::Page, tamper};
use slipstream_wire::frame::Frame;

use crate::pair::ORIGIN;

const RUNS: u64 = 300;

struct Scene {
    world: World,
    ann: BrowserId,
    ben: BrowserId,
    page: Rc<Page>,
    turn: u64,
}

impl Scene {
    /// Two members who have met; the first has seen a page of two pictures, one of them of several chunks.
    fn new(turn: u64) -> Self {
        let mut page = Page::new(&format!("{ORIGIN}/small"));
        for (n, length) in [150_000, 20_000].into_iter().enumerate() {
            let url = format!("{ORIGIN}/{n}.png");
            page = page.with(site::Resource::new(&url, slipstream_wire::peer::Kind::Image, length, 0));
        }
        let page = Rc::new(page);
        let mut world = World::new(turn);
        let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
        world.run_until_peers(&[ann, ben]);
        world.visit_and_settle(ann, &page);
        Self { world, ann, ben, page, turn }
    }

    /// A moment within the load.
    fn soon(&mut self) -> Duration {
        Duration::from_millis(self.world.random(400))
    }

    /// The second opens the page, and all of it is there in time: no later than a second transfer after the first.
    fn ends_well(mut self, visit: VisitId) {
        self.world.run_for(Duration::from_secs(15));
        let Some(took) = self.world.visited(visit).load_time() else { panic!("turn {} hangs", self.turn) };
        assert!(took < Duration::from_secs(6), "turn {}: {took:?}", self.turn);
        for browser in [self.ann, self.ben] {
            assert_eq!(self.world.under_way(browser), (0, 0), "turn {}: a lock leaks", self.turn);
        }
    }
}

fn each(fault: impl Fn(&mut Scene)) {
    for turn in 0..RUNS {
        let mut scene = Scene::new(turn);
        fault(&mut scene);
        let visit = scene.world.visit(scene.ben, &Rc::clone(&scene.page));
        scene.ends_well(visit);
    }
}

#[test]
fn f1_a_peer_dies_at_any_byte() {
    each(|scene| {
        let (ann, at) = (scene.ann, scene.soon());
        let now = scene.world.now();
        scene.world.at(now + at, move |world| world.kill(ann));
    });
}

#[test]
fn f2_bytes_are_changed_left_out_or_added() {
    each(|scene| {
        let (way, place) = (scene.turn % 5, usize::try_from(scene.world.random(60_000)).unwrap());
        scene.world.tamper(
            scene.ann,
            Box::new(move |mut frame| {
                let Ok(Frame::Chunk { transfer, offset, bytes }) = Frame::parse(&frame) else {
                    return vec![frame];
                };
                let (chunk, at) = (bytes.to_vec(), place % bytes.len());
                let other = |bytes: &[u8], offset| Frame::Chunk { transfer, offset, bytes }.to_vec();
                match way {
                    0 => {
                        let at = frame.len() - 1 - at;
                        frame[at] ^= 1;
                        vec![frame]
                    }
                    1 => vec![other(&chunk[..chunk.len() - chunk.len() / 2], offset)],
                    2 => vec![frame, other(&chunk[..1], offset + chunk.len() as u64)],
                    3 => vec![other(&chunk, offset + 1)],
                    _ => vec![frame.clone(), frame],
                }
            }),
        );
    });
}

#[test]
fn f3_lengths_are_lies() {
    each(|scene| scene.world.tamper(scene.ann, tamper::wrong_lengths()));
}

#[test]
fn f4_a_peer_stalls_or_trickles() {
    each(|scene| {
        if scene.turn % 2 == 0 {
            scene.world.tamper(scene.ann, tamper::stall());
        } else {
            let (ann, at, now) = (scene.ann, scene.soon(), scene.world.now());
            scene.world.at(now + at, move |world| world.silence(ann, true));
        }
    });
}

#[test]
fn f5_right_hashes_stand_for_other_resources() {
    each(|scene| {
        // The engine believes a member's record, so that only what contradicts itself can be seen: lengths differ.
        scene.world.tamper(
            scene.ann,
            tamper::entries(|entries| {
                if let [first, second, ..] = &mut entries[..] {
                    std::mem::swap(&mut first.digest, &mut second.digest);
                }
            }),
        );
    });
}

#[test]
fn f6_the_server_vanishes_comes_back_or_lies() {
    each(|scene| {
        let (at, now) = (scene.soon(), scene.world.now());
        match scene.turn % 3 {
            0 => scene.world.at(now + at, World::kill_server),
            1 => scene.world.at(now + at, |world| {
                world.kill_server();
                world.start_server();
            }),
            _ => {
                for lie in [Lie::Corrupt, Lie::Replay, Lie::Swap, Lie::Reflect] {
                    scene.world.lie(lie);
                }
            }
        }
    });
}

#[test]
fn f8_a_disk_is_full_or_its_bytes_are_others() {
    each(|scene| match scene.turn % 3 {
        0 => scene.world.fill_disk(scene.ben, true),
        1 => scene.world.fill_disk(scene.ann, true),
        _ => scene.world.corrupt_store(scene.ann),
    });
}

#[test]
fn f9_a_browser_is_killed_while_it_writes_and_what_it_then_has_is_right() {
    for turn in 0..RUNS {
        let mut scene = Scene::new(turn);
        let (ben, page) = (scene.ben, Rc::clone(&scene.page));
        scene.world.visit(ben, &page);
        let at = scene.soon();
        scene.world.run_for(at);
        scene.world.kill(ben);
        scene.world.run_for(Duration::from_millis(50));
        scene.world.restart(ben);
        let visit = scene.world.visit(ben, &page);
        scene.ends_well(visit);
    }
}

#[test]
fn f12_a_clock_jumps() {
    each(|scene| {
        // Only the engine's machine sleeps: to it, all at once, much later.
        let (ann, ben, at, now) = (scene.ann, scene.ben, scene.soon(), scene.world.now());
        let sleeper = if scene.turn % 2 == 0 { ann } else { ben };
        scene.world.at(now + at, move |world| world.sleep(sleeper, Duration::from_millis(700)));
    });
}

#[test]
fn f13_two_tabs_want_the_same_bodies_at_once() {
    for turn in 0..RUNS {
        let mut scene = Scene::new(turn);
        let (ben, page) = (scene.ben, Rc::clone(&scene.page));
        let one = scene.world.visit_in(ben, Tab(1), &page);
        let at = scene.soon() / 4;
        scene.world.run_for(at);
        let other = scene.world.visit_in(ben, Tab(2), &page);
        scene.world.run_for(Duration::from_secs(10));
        assert!(scene.world.visited(one).load_time().is_some());
        // Equal bodies came once, however many wait for them.
        assert!(scene.world.tally(ben).received <= page.resource_bytes(), "turn {turn}");
        scene.ends_well(other);
    }
}

#[test]
fn f14_sharing_is_switched_off_in_the_middle() {
    each(|scene| {
        let (at, now, ben, ann) = (scene.soon(), scene.world.now(), scene.ben, scene.ann);
        let who = if scene.turn % 2 == 0 { ann } else { ben };
        scene.world.at(now + at, move |world| {
            world.happen(who, Input::Fact(Fact::Settings { settings: Box::new(settings::alone()) }));
        });
    });
}

#[test]
fn f20_frames_of_any_kind_come_at_any_time() {
    each(|scene| {
        let (ann, ben, now) = (scene.ann, scene.ben, scene.world.now());
        for _ in 0..12 {
            let at = now + scene.soon();
            let length = scene.world.random(200);
            let frame: Vec<u8> =
                (0..length).map(|_| u8::try_from(scene.world.random(256)).unwrap()).collect();
            scene.world.at(at, move |world| {
                world.inject(ann, ben, frame);
            });
        }
    });
}
