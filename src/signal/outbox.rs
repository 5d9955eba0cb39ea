//! What waits to be written to one browser: a short queue that ends the connection rather than growing.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use tokio::sync::Notify;

/// Most messages that wait for one browser (SECURITY.md §5.1).
pub(crate) const MAX_WAITING: usize = 32;
/// Most bytes that wait for one browser (SECURITY.md §5.1).
pub(crate) const MAX_WAITING_BYTES: usize = 128 * 1024;

/// The queue. Any session puts, one session takes.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    overflown: bool,
}

impl Outbox {
    /// Adds a message. Without room for it, the queue overflows: it forgets everything and takes no more.
    pub(crate) fn put(&self, message: Bytes) {
        let mut queue = self.lock();
        let bytes = queue.bytes + message.len();
        if queue.waiting.len() == MAX_WAITING || bytes > MAX_WAITING_BYTES {
            *queue = Queue { overflown: true, ..Queue::default() };
        } else if !queue.overflown {
            queue.bytes = bytes;
            queue.waiting.push_back(message);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// The next message, once there is one; `None` once the queue has overflown.
    pub(crate) async fn next(&self) -> Option<Bytes> {
        loop {
            {
                let mut queue = self.lock();
                if queue.overflown {
                    return None;
                }
                if let Some(message) = queue.waiting.pop_front() {
                    queue.bytes -= message.len();
                    return Some(message);
                }
            }
            self.changed.notified().await;
        }
    }

    /// Returns once the queue has overflown. Not to be awaited beside [`Outbox::next`]: there is one wake-up.
    pub(crate) async fn overflown(&self) {
        while !self.lock().overflown {
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here panics while it holds the lock; and if it did, the queue would still be one.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn messages_come_out_in_the_order_of_their_coming() {
        let outbox = Outbox::default();
        for message in ["a", "b", "c"] {
            outbox.put(message.into());
        }
        for message in ["a", "b", "c"] {
            assert_eq!(outbox.next().now_or_never(), Some(Some(message.into())));
        }
        assert_eq!(outbox.next().now_or_never(), None);
    }

    #[test]
    fn one_message_too_many_overflows() {
        let outbox = Outbox::default();
        (0..MAX_WAITING).for_each(|_| outbox.put("x".into()));
        assert_eq!(outbox.overflown().now_or_never(), None);
        outbox.put("x".into());
        assert_eq!(outbox.overflown().now_or_never(), Some(()));
        outbox.put("y".into());
        assert_eq!(outbox.next().now_or_never(), Some(None), "nothing comes after it");
    }

    #[test]
    fn one_byte_too_many_overflows() {
        let outbox = Outbox::default();
        (0..8).for_each(|_| outbox.put(vec![0; MAX_WAITING_BYTES / 8].into()));
        assert_eq!(outbox.overflown().now_or_never(), None);
        outbox.put("x".into());
        assert_eq!(outbox.next().now_or_never(), Some(None));
    }

    #[test]
    fn what_was_taken_makes_room() {
        let outbox = Outbox::default();
        for _ in 0..10 * MAX_WAITING {
            outbox.put(vec![0; MAX_WAITING_BYTES / 2].into());
            assert!(outbox.next().now_or_never().flatten().is_some());
        }
    }
}
