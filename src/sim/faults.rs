//! What goes wrong: browsers die, disks fail, servers vanish or lie, peers fall silent.

use std::time::Duration;

use slipstream_core::fact::Tab;

use crate::{browser::BrowserId, ether::Between, introducer::Lie, tamper::Tamper, world::World};

impl World {
    /// The browser is killed where it stands. Its peers hear nothing of it.
    pub fn kill(&mut self, browser: BrowserId) {
        self.end_engine(browser);
        let tabs: Vec<Tab> = self.browsers[browser.0].tabs.keys().copied().collect();
        for tab in tabs {
            if let Some(visit) = self.browsers[browser.0].tabs.remove(&tab) {
                self.visits[visit.0].over = true;
            }
        }
        let killed = &mut self.browsers[browser.0];
        killed.pages.clear();
        killed.worker.forget_all();
        killed.worker.shown.clear();
    }

    /// A killed browser is started on what its disk still has.
    pub fn restart(&mut self, browser: BrowserId) {
        self.start(browser);
    }

    /// The engine fails while its browser lives: its rules go, pages stop waiting, and a new one is started.
    pub fn crash_engine(&mut self, browser: BrowserId) {
        self.end_engine(browser);
        self.browsers[browser.0].worker.forget_all();
        let pages = std::mem::take(&mut self.browsers[browser.0].pages);
        for visit in pages.into_values() {
            self.visits[visit.0].id = None;
            self.give_up(visit);
        }
        self.start(browser);
    }

    fn end_engine(&mut self, browser: BrowserId) {
        if let Some(life) = self.life(browser) {
            self.drop_ends(life);
        }
        let ended = &mut self.browsers[browser.0];
        ended.engine = None;
        ended.wake = None;
        ended.low.clear();
        ended.database.forget_waiting();
        if let Some(socket) = ended.socket.take() {
            self.introducer.hang_up(socket);
        }
    }

    /// From now on, or no longer, nothing passes between this browser and its peers. No end of a channel is told.
    pub fn silence(&mut self, browser: BrowserId, silent: bool) {
        self.browsers[browser.0].silent = silent;
    }

    /// From now on each word of the browser's service worker reaches its engine so much later.
    pub fn delay_worker(&mut self, browser: BrowserId, word: Duration) {
        self.browsers[browser.0].word = word;
    }

    /// The machine sleeps from now on for so long: whatever happens meanwhile, its engine hears of it afterwards.
    pub fn sleep(&mut self, browser: BrowserId, span: Duration) {
        self.browsers[browser.0].asleep_until = self.now + span;
    }

    /// All channels between two browsers end, and both are told.
    pub fn cut(&mut self, one: BrowserId, other: BrowserId) {
        let ends: Vec<_> = [self.channels(one, other), self.channels(other, one)].concat();
        for end in ends {
            self.hung(end);
        }
    }

    /// From now on, this is done to every frame that the browser sends.
    pub fn tamper(&mut self, browser: BrowserId, tamper: Tamper) {
        self.browsers[browser.0].tamper = Some(tamper);
    }

    /// Sends a frame from one browser to another past the sender's engine; whether there was a channel.
    pub fn inject(&mut self, from: BrowserId, to: BrowserId, frame: Vec<u8>) -> bool {
        let Some(end) = self.channels(from, to).first().copied() else { return false };
        self.put(end, frame);
        true
    }

    /// A bit of every body in a browser's store flips.
    pub fn corrupt_store(&mut self, browser: BrowserId) {
        self.browsers[browser.0].database.corrupt();
    }

    /// From now on, or no longer, nothing can be written to a browser's disk.
    pub fn fill_disk(&mut self, browser: BrowserId, full: bool) {
        self.browsers[browser.0].database.full = full;
    }

    /// The introduction server is killed: all sockets end, and nobody listens.
    pub fn kill_server(&mut self) {
        for (socket, _) in self.introducer.kill() {
            self.socket_ends(socket);
        }
    }

    /// It is started again, and knows nothing.
    pub fn start_server(&mut self) {
        self.introducer.start();
    }

    /// The introduction server lies from now on, also in this way.
    pub fn lie(&mut self, lie: Lie) {
        self.introducer.lies.insert(lie);
    }

    /// What lies between the browsers from now on; connections that are there stay.
    pub const fn put_between(&mut self, between: Between) {
        self.ether.between = between;
    }

    /// From now on somebody sits in the middle of every new connection, with certificates of his own.
    pub fn intercept(&mut self) {
        self.ether.intercepted = true;
    }
}
