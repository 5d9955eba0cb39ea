//! Connections that have joined a topic and say nothing more.

use std::net::SocketAddr;

use crate::Fault;
use crate::dialect::{Dialect, End};
use crate::server::Server;

/// Members of one topic, as a class has.
const GROUP: usize = 20;

/// Opens so many, each in a topic with [`GROUP`] others; they stay open while they are held.
pub(crate) async fn open(server: SocketAddr, dialect: Dialect, count: usize) -> Result<Vec<End>, Fault> {
    let mut ends = Vec::with_capacity(count);
    for number in 0..count {
        let mut end = dialect.open(server, number).await?;
        dialect.settle(&mut end, (number / GROUP) as u64).await?;
        ends.push(end);
    }
    Ok(ends)
}

/// Bytes of memory that the server needs for each of so many.
pub(crate) async fn bytes_each(server: &Server, dialect: Dialect, count: usize) -> Result<f64, Fault> {
    // The first ones bring along what any number needs.
    let first = open(server.addr(), dialect, 2 * GROUP).await?;
    let before = server.resident()?;
    let ends = open(server.addr(), dialect, count).await?;
    let after = server.resident()?;
    drop((first, ends));
    Ok(after.saturating_sub(before) as f64 / count as f64)
}
