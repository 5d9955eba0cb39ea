//! The client's end of a WebSocket (RFC 6455), with as little work as possible: frames are put together before they
//! are sent, several in one write, and what comes in is looked at where it lies.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    inbox: Vec<u8>,
    /// Where what was not yet looked at begins.
    at: usize,
}

impl Socket {
    /// Opens one, from an address of loopback or from any. Errors: nobody listens, or the server refuses.
    pub(crate) async fn open(from: Option<Ipv4Addr>, server: SocketAddr, path: &str) -> io::Result<Self> {
        Self::upgrade(connect(from, server, None).await?, server, path).await
    }

    /// Makes a WebSocket of a connection.
    pub(crate) async fn upgrade(mut stream: TcpStream, server: SocketAddr, path: &str) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2xpcHN0cmVhbS1sb2FkIQ==\r\n\
             Origin: chrome-extension://abcdefghijklmnopabcdefghijklmnop\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut socket = Self { stream, inbox: Vec::new(), at: 0 };
        let end = loop {
            if let Some(end) = socket.inbox.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            socket.fill().await?;
        };
        if !socket.inbox.starts_with(b"HTTP/1.1 101") {
            let line = socket.inbox.split(|byte| *byte == b'\r').next().unwrap_or_default();
            return Err(io::Error::other(format!("refused: {}", String::from_utf8_lossy(line))));
        }
        socket.at = end;
        Ok(socket)
    }

    /// The bare connection, for those who keep to no form.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends frames that [`frame`] put together.
    pub(crate) async fn send(&mut self, frames: &[u8]) -> io::Result<()> {
        self.stream.write_all(frames).await
    }

    /// The next message. Pings are answered on the way. Errors: the server closed.
    pub(crate) async fn next(&mut self) -> io::Result<&[u8]> {
        loop {
            let Some((opcode, from, to)) = self.whole_frame() else {
                self.fill().await?;
                continue;
            };
            self.at = to;
            match opcode {
                PING => {
                    let mut pong = Vec::new();
                    frame(PONG, &self.inbox[from..to], &mut pong);
                    self.stream.write_all(&pong).await?;
                }
                PONG => {}
                CLOSE => {
                    let code = self
                        .inbox
                        .get(from..from + 2)
                        .map_or(0, |code| u16::from_be_bytes([code[0], code[1]]));
                    return Err(io::Error::other(format!("closed with {code}")));
                }
                _ => return Ok(&self.inbox[from..to]),
            }
        }
    }

    /// Kind, beginning and end of the frame that comes next, if it is there as a whole.
    fn whole_frame(&self) -> Option<(u8, usize, usize)> {
        let rest = &self.inbox[self.at..];
        let (first, second) = (*rest.first()?, *rest.get(1)?);
        let (head, length) = match second & 0x7f {
            126 => (4, usize::from(u16::from_be_bytes(*rest.get(2..)?.first_chunk()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(*rest.get(2..)?.first_chunk()?)).ok()?),
            short => (2, usize::from(short)),
        };
        let (from, to) = (self.at + head, self.at + head + length);
        (to <= self.inbox.len()).then_some((first & 0x0f, from, to))
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.inbox.drain(..self.at);
        self.at = 0;
        if self.inbox.is_empty() {
            // Thousands of sockets are idle: what they do not need, others do.
            self.inbox.shrink_to(ROOM);
        }
        self.inbox.reserve(ROOM);
        if self.stream.read_buf(&mut self.inbox).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// A connection from an address of loopback or from any, that takes so many bytes before it is read.
pub(crate) async fn connect(
    from: Option<Ipv4Addr>,
    server: SocketAddr,
    takes: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = takes {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(from) = from {
        // Ports of connections that have just ended are as good as others.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((from, 0)))?;
    }
    socket.connect(server).await
}

/// Puts a client's frame together, behind what is in `out` already.
pub(crate) fn frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        length @ 0..126 => out.push(0x80 | u8::try_from(length).unwrap_or(0)),
        length @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(length).unwrap_or(0).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    // A mask that is not zero: some servers skip the work for one that is.
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// Bytes that are read at once.
const ROOM: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_the_one_of_the_standard() {
        let mut bytes = Vec::new();
        frame(TEXT, b"Hello", &mut bytes);
        // RFC 6455 §5.7: a single-frame masked text message.
        assert_eq!(bytes, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn longer_frames_say_their_length_in_two_and_in_eight_bytes() {
        let head = |length| {
            let mut bytes = Vec::new();
            frame(BINARY, &vec![0; length], &mut bytes);
            bytes[..4].to_vec()
        };
        assert_eq!(head(125)[..2], [0x82, 0x80 | 125]);
        assert_eq!(head(126), [0x82, 0xfe, 0, 126]);
        assert_eq!(head(65_536), [0x82, 0xff, 0, 0]);
    }
}
