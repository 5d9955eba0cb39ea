//! What the server does over real sockets. All of it is one program, because linking is what these tests spend their
//! time on.

mod client;
mod program;

mod hostile_clients;
mod nodes;
mod tls;
mod turn;
mod two_browsers;
