//! What waits to be written to one browser: a short queue that ends the connection rather than growing.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::body::Bytes;

/// Most messages that wait for one browser. A newcomer that makes eight offers gets eight answers with ten candidates
/// each at about the same time; SECURITY.md §5.1 names 32, which an honest reader would overflow.
pub(crate) const MAX_WAITING: usize = 128;
/// Most bytes that wait for one browser (SECURITY.md §5.1).
pub(crate) const MAX_WAITING_BYTES: usize = 128 * 1024;
/// Bytes that are taken at once, save that one message always is: about what a socket takes at once.
const BATCH: usize = 16 * 1024;

/// The queue. Any session puts, one session takes.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    overflown: bool,
    taker: Option<Waker>,
}

/// The queue has overflown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflown;

impl Outbox {
    /// Adds a message. Without room for it, the queue overflows: it forgets everything and takes no more.
    pub(crate) fn put(&self, message: Bytes) {
        let mut queue = self.lock();
        let bytes = queue.bytes + message.len();
        if queue.waiting.len() == MAX_WAITING || bytes > MAX_WAITING_BYTES {
            let taker = queue.taker.take();
            *queue = Queue { overflown: true, taker, ..Queue::default() };
        } else if !queue.overflown {
            queue.bytes = bytes;
            queue.waiting.push_back(message);
        }
        let taker = queue.taker.take();
        drop(queue);
        if let Some(taker) = taker {
            taker.wake();
        }
    }

    /// What waits, once there is something, up to a batch.
    ///
    /// Errors: [`Overflown`], and so for ever.
    pub(crate) fn poll_take(&self, context: &Context<'_>) -> Poll<Result<VecDeque<Bytes>, Overflown>> {
        let mut queue = self.lock();
        if queue.overflown {
            return Poll::Ready(Err(Overflown));
        }
        if queue.waiting.is_empty() {
            queue.wait(context);
            return Poll::Pending;
        }
        if queue.bytes <= BATCH {
            queue.bytes = 0;
            return Poll::Ready(Ok(std::mem::take(&mut queue.waiting)));
        }
        let mut batch = VecDeque::new();
        let mut bytes = 0;
        while queue.waiting.front().is_some_and(|next| bytes == 0 || bytes + next.len() <= BATCH)
            && let Some(message) = queue.waiting.pop_front()
        {
            bytes += message.len();
            batch.push_back(message);
        }
        queue.bytes -= bytes;
        Poll::Ready(Ok(batch))
    }

    /// Ready once the queue has overflown. There is one waker: not to be awaited beside [`Outbox::poll_take`].
    pub(crate) fn poll_overflown(&self, context: &Context<'_>) -> Poll<Overflown> {
        let mut queue = self.lock();
        if queue.overflown {
            return Poll::Ready(Overflown);
        }
        queue.wait(context);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here panics while it holds the lock; and if it did, the queue would still be one.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn wait(&mut self, context: &Context<'_>) {
        if self.taker.as_ref().is_none_or(|taker| !taker.will_wake(context.waker())) {
            self.taker = Some(context.waker().clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(outbox: &Outbox) -> Poll<Result<VecDeque<Bytes>, Overflown>> {
        outbox.poll_take(&Context::from_waker(Waker::noop()))
    }

    fn overflown(outbox: &Outbox) -> bool {
        outbox.poll_overflown(&Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn messages_come_out_together_and_in_the_order_of_their_coming() {
        let outbox = Outbox::default();
        for message in ["a", "b", "c"] {
            outbox.put(message.into());
        }
        let all = ["a", "b", "c"].map(Bytes::from);
        assert_eq!(take(&outbox), Poll::Ready(Ok(all.into())));
        assert_eq!(take(&outbox), Poll::Pending);
    }

    #[test]
    fn much_comes_out_in_batches() {
        let outbox = Outbox::default();
        (0..6).for_each(|_| outbox.put(vec![0; BATCH / 4 * 3].into()));
        outbox.put("x".into());
        let batches = std::iter::from_fn(|| match take(&outbox) {
            Poll::Ready(Ok(batch)) => Some(batch.len()),
            _ => None,
        });
        assert_eq!(batches.collect::<Vec<_>>(), [1, 1, 1, 1, 1, 2]);
        assert_eq!(outbox.lock().bytes, 0);
    }

    #[test]
    fn one_message_too_many_overflows() {
        let outbox = Outbox::default();
        (0..MAX_WAITING).for_each(|_| outbox.put("x".into()));
        assert!(!overflown(&outbox));
        outbox.put("x".into());
        assert!(overflown(&outbox));
        outbox.put("y".into());
        assert_eq!(take(&outbox), Poll::Ready(Err(Overflown)), "nothing comes after it");
    }

    #[test]
    fn one_byte_too_many_overflows() {
        let outbox = Outbox::default();
        (0..8).for_each(|_| outbox.put(vec![0; MAX_WAITING_BYTES / 8].into()));
        assert!(!overflown(&outbox));
        outbox.put("x".into());
        assert_eq!(take(&outbox), Poll::Ready(Err(Overflown)));
    }

    #[test]
    fn what_was_taken_makes_room() {
        let outbox = Outbox::default();
        for _ in 0..10 * MAX_WAITING {
            outbox.put(vec![0; MAX_WAITING_BYTES / 2].into());
            assert!(matches!(take(&outbox), Poll::Ready(Ok(all)) if all.len() == 1));
        }
    }
}
