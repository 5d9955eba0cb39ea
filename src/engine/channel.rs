//! One connection to a peer: an `RTCPeerConnection` with one data channel that both sides have agreed on beforehand.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use slipstream_core::{
    limits,
    port::{ConnId, Input},
    settings::IceServer,
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    MessageEvent, RtcConfiguration, RtcDataChannel, RtcDataChannelInit, RtcDataChannelType,
    RtcIceCandidateInit, RtcIceTransportPolicy, RtcPeerConnection, RtcPeerConnectionIceEvent,
    RtcPeerConnectionState, RtcSdpType, RtcSessionDescriptionInit,
};

use crate::listener::Listener;

/// Both sides open the channel under this number, so none has to be announced.
const STREAM: u16 = 0;
/// What every browser takes, where it does not say, in bytes (facts W24).
const MAX_MESSAGE: u32 = 64 * 1024;

pub(crate) struct Channel {
    connection: RtcPeerConnection,
    channel: RtcDataChannel,
    _listeners: Vec<Listener>,
}

impl Channel {
    /// Makes a connection and describes it: an offer, or an answer to `remote`. `tell` is called for what happens,
    /// until this is dropped.
    pub(crate) fn connect(
        conn: ConnId,
        remote: Option<String>,
        servers: &[IceServer],
        relay_only: bool,
        tell: impl Fn(Input) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let configuration = RtcConfiguration::new();
        configuration.set_ice_servers(&serde_wasm_bindgen::to_value(servers)?);
        if relay_only {
            configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
        }
        let connection = RtcPeerConnection::new_with_configuration(&configuration)?;
        let init = RtcDataChannelInit::new();
        init.set_negotiated(true);
        init.set_id(STREAM);
        let channel = connection.create_data_channel_with_data_channel_dict("slipstream", &init);
        channel.set_binary_type(RtcDataChannelType::Arraybuffer);
        channel.set_buffered_amount_low_threshold(limits::CHANNEL_LOW);
        let listeners = listen(conn, &connection, &channel, &tell);
        spawn_local(describe(conn, connection.clone(), remote, tell));
        Ok(Self { connection, channel, _listeners: listeners })
    }

    /// The other side's answer. A description that the browser refuses ends in a connection that never opens, and
    /// that has its deadline.
    pub(crate) fn answered(&self, sdp: &str) {
        let answer = description(RtcSdpType::Answer, sdp);
        forget(self.connection.set_remote_description(&answer));
    }

    pub(crate) fn add_candidate(&self, line: &str) {
        let candidate = RtcIceCandidateInit::new(line);
        candidate.set_sdp_mid(Some(slipstream_core::description::MID));
        candidate.set_sdp_m_line_index(Some(0));
        forget(self.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&candidate)));
    }

    /// Sends a frame; whether the queue is low after it.
    pub(crate) fn send(&self, frame: &[u8]) -> bool {
        // Not open any more: the close event tells the core.
        let sent = self.channel.send_with_u8_array(frame).is_ok();
        sent && self.channel.buffered_amount() <= limits::CHANNEL_LOW
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.close();
        self.connection.close();
    }
}

fn listen(
    conn: ConnId,
    connection: &RtcPeerConnection,
    channel: &RtcDataChannel,
    tell: &(impl Fn(Input) + Clone + 'static),
) -> Vec<Listener> {
    let on = |name, input: fn(ConnId) -> Input| {
        let tell = tell.clone();
        Listener::new(channel, name, move |_| tell(input(conn)))
    };
    let (heard, found, changed, opened) = (tell.clone(), tell.clone(), tell.clone(), tell.clone());
    let (watched, sizes) = (connection.clone(), connection.clone());
    vec![
        on("bufferedamountlow", |conn| Input::Drained { conn }),
        on("close", |conn| Input::ChannelClosed { conn }),
        Listener::new(channel, "open", move |_| {
            opened(Input::ChannelOpen { conn, max_message: max_message(&sizes) });
        }),
        Listener::new(channel, "message", move |event| {
            let data = event.unchecked_into::<MessageEvent>().data();
            let bytes = data.dyn_into::<ArrayBuffer>().map(|buffer| Uint8Array::new(&buffer).to_vec());
            heard(Input::Frame { conn, bytes: bytes.unwrap_or_default() });
        }),
        Listener::new(connection, "icecandidate", move |event| {
            let candidate = event.unchecked_into::<RtcPeerConnectionIceEvent>().candidate();
            if let Some(line) = candidate.map(|c| c.candidate()).filter(|line| !line.is_empty()) {
                found(Input::Candidate { conn, line });
            }
        }),
        Listener::new(connection, "connectionstatechange", move |_| {
            let state = watched.connection_state();
            if matches!(state, RtcPeerConnectionState::Failed | RtcPeerConnectionState::Closed) {
                changed(Input::ChannelClosed { conn });
            }
        }),
    ]
}

async fn describe(conn: ConnId, connection: RtcPeerConnection, remote: Option<String>, tell: impl Fn(Input)) {
    match local_description(&connection, remote).await {
        Ok(sdp) => tell(Input::Described { conn, sdp }),
        Err(_) => tell(Input::ChannelClosed { conn }),
    }
}

async fn local_description(
    connection: &RtcPeerConnection,
    remote: Option<String>,
) -> Result<String, JsValue> {
    let (kind, made) = match remote {
        Some(offer) => {
            let offer = description(RtcSdpType::Offer, &offer);
            JsFuture::from(connection.set_remote_description(&offer)).await?;
            (RtcSdpType::Answer, JsFuture::from(connection.create_answer()).await?)
        }
        None => (RtcSdpType::Offer, JsFuture::from(connection.create_offer()).await?),
    };
    let sdp = Reflect::get(&made, &"sdp".into())?.as_string().unwrap_or_default();
    JsFuture::from(connection.set_local_description(&description(kind, &sdp))).await?;
    Ok(sdp)
}

fn description(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let description = RtcSessionDescriptionInit::new(kind);
    description.set_sdp(sdp);
    description
}

/// The browser's own word for the longest message; web-sys has no binding for `RTCPeerConnection.sctp`.
fn max_message(connection: &RtcPeerConnection) -> u32 {
    let sctp = Reflect::get(connection, &"sctp".into()).unwrap_or_default();
    let size = Reflect::get(&sctp, &"maxMessageSize".into()).ok().and_then(|size| size.as_f64());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
    size.map_or(MAX_MESSAGE, |size| size.clamp(0.0, f64::from(u32::MAX)) as u32)
}

/// Lets a promise go its way; its failure shows as a connection that does not open.
fn forget(promise: js_sys::Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}
