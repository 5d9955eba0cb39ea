//! Bodies that hand themselves over piece by piece, keep the books, and go wrong where a fault says so.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::{fault::Fault, ledger::Entry};

/// The body of one answer.
#[derive(Debug)]
pub(crate) struct MeteredBody {
    rest: Bytes,
    piece: usize,
    fault: Option<Fault>,
    flushed: bool,
    /// Until then a slow body waits.
    wait: Option<Pin<Box<Sleep>>>,
    entry: Entry,
}

impl MeteredBody {
    /// Hands over at most `piece` bytes at once.
    pub(crate) fn new(body: Bytes, piece: usize, fault: Option<Fault>, mut entry: Entry) -> Self {
        let rest = match fault {
            Some(Fault::Cut { after }) => {
                body.slice(..body.len().min(usize::try_from(after).unwrap_or(usize::MAX)))
            }
            Some(Fault::Stall) => Bytes::new(),
            _ => body,
        };
        let wait = match fault {
            Some(Fault::Slow { ms }) => Some(Box::pin(sleep(Duration::from_millis(ms.into())))),
            _ => None,
        };
        // A body that is only slow has nothing wrong with it.
        let fault = fault.filter(|_| wait.is_none());
        if rest.is_empty() && fault.is_none() {
            entry.complete();
        }
        Self { rest, piece, fault, flushed: false, wait, entry }
    }
}

impl Body for MeteredBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(context));
            self.wait = None;
        }
        if !self.rest.is_empty() {
            let piece = self.piece.min(self.rest.len());
            let piece = self.rest.split_to(piece);
            self.entry.handed_over(piece.len());
            if self.rest.is_empty() && self.fault.is_none() {
                self.entry.complete();
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let Some(fault) = self.fault else { return Poll::Ready(None) };
        // A body that goes wrong rests once, so that HTTP/1.1 flushes what it had before it gives up.
        if fault == Fault::Stall || !self.flushed {
            self.flushed = true;
            if fault != Fault::Stall {
                context.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        match fault {
            Fault::Cut { .. } => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            _ => {
                self.entry.complete();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.fault.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.fault.is_some() {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
