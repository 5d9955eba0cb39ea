use std::time::Duration;

use slipstream_core::{port::Input, settings::Settings};
use slipstream_sim::settings;
use slipstream_wire::{codec, server::FromServer};

use crate::pair::met;

/// The server's last message was on its way when the user left the group, or switched all off.
fn last_word(after: Settings, message: Vec<u8>) {
    let (mut world, ann, _) = met(1);
    world.set(ann, after);
    let before = world.tally(ann).socket_opens.len();
    world.happen(ann, Input::SocketMessage(message));
    // That nothing spins, the world holds everywhere.
    world.run_for(Duration::from_secs(7_200));
    assert_eq!(world.tally(ann).socket_opens.len(), before);
}

#[test]
fn whatever_the_server_said_last() {
    let away = codec::encode(&FromServer::Away { retry_after: 5 });
    for message in [away, b"nonsense".to_vec()] {
        last_word(settings::alone(), message.clone());
        last_word(settings::off(), message);
    }
}
