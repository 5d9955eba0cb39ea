//! The socket to the introduction server.

use js_sys::{ArrayBuffer, Uint8Array};
use slipstream_core::port::Input;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BinaryType, MessageEvent, WebSocket};

use crate::listener::Listener;

pub(crate) struct Socket {
    socket: WebSocket,
    _listeners: [Listener; 3],
}

impl Socket {
    /// Begins to connect. `tell` is called for what happens, until this is dropped.
    pub(crate) fn open(url: &str, tell: impl Fn(Input) + Clone + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let (opened, heard, closed) = (tell.clone(), tell.clone(), tell);
        let listeners = [
            Listener::new(&socket, "open", move |_| opened(Input::SocketOpen)),
            Listener::new(&socket, "message", move |event| {
                let data = event.unchecked_into::<MessageEvent>().data();
                // Text is not of this vocabulary: empty bytes are refused by the codec.
                let bytes = data.dyn_into::<ArrayBuffer>().map(|buffer| Uint8Array::new(&buffer).to_vec());
                heard(Input::SocketMessage(bytes.unwrap_or_default()));
            }),
            Listener::new(&socket, "close", move |_| closed(Input::SocketClosed)),
        ];
        Ok(Self { socket, _listeners: listeners })
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        // Not open any more: the close event tells the core.
        let _ = self.socket.send_with_u8_array(bytes);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.socket.close();
    }
}
