//! Browser journeys and the checks that hold the house together.
//!
//! Here is what several journeys need; the journeys themselves, and the house tests, are under `tests/`.

mod case;
mod comparison;
mod cycles;
mod idle;
mod kills;
mod matrix;
mod matrix_page;
mod picture;
mod shop;
mod sockets;
mod staged;

pub use case::{Case, Expected, Sources};
pub use comparison::{differences, new_complaints};
pub use cycles::{Cycles, cycles};
pub use idle::{Idle, idle};
pub use kills::{Kills, kills};
pub use matrix::{Outcome, Row, Run, play};
pub use matrix_page::{page, table};
pub use picture::noise;
pub use shop::{SHOP, SHOP_IS_PLANNED, album, shop};
pub use sockets::{Socket, SocketWatch, Transport, sockets_of};
pub use staged::{PAGES, Staged, stage_of_pages, stage_url};
