//! The server in a process that holds more memory than the server ever would. Alone in its program, because it fills it.
// Elsewhere the system does not say what a process holds.
#![cfg(target_os = "linux")]

use std::time::Duration;

use slipstream_signal::server::{Server, ServerConfig};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Memory is looked at each second; longer than this no machine takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status with which a request for a socket is answered.
async fn status(server: &Server) -> u16 {
    let mut request =
        format!("ws://{}/v1", server.addr()).into_client_request().expect("a well-formed address");
    request.headers_mut().insert("origin", "chrome-extension://abcdefghijklmnop".parse().expect("a header"));
    let stream = TcpStream::connect(server.addr()).await.expect("the server listens");
    match client_async(request, stream).await {
        Ok(_) => 101,
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_a_server_that_has_the_process_to_itself_counts_its_memory() {
    let connections = 20;
    let most = ServerConfig::memory_for(connections);
    let config = ServerConfig { connections, ..ServerConfig::default() };
    let guest = Server::start(config.clone()).await.unwrap();
    let alone = Server::start(ServerConfig { memory: Some(most), ..config }).await.unwrap();
    assert_eq!((status(&guest).await, status(&alone).await), (101, 101));
    let held = vec![1u8; usize::try_from(most).unwrap()];
    let refused = async {
        while status(&alone).await != 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the one that is alone refuses");
    assert_eq!(status(&guest).await, 101, "{} bytes are held", held.len());
}
