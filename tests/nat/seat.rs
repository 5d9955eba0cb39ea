//! A browser with the extension in one of the namespaces, and what is asked of it.

use std::fs::File;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use slipstream_browser::{Chromium, Launch, Page};
use tokio::sync::{mpsc, oneshot};

use crate::bed::MIDDLE;
use crate::middle::NAME;
use crate::{Fault, inside};

/// A browser on a thread of its own.
pub(crate) struct Seat {
    errands: Option<mpsc::Sender<Errand>>,
    thread: Option<JoinHandle<Result<(), Fault>>>,
}

type Answer = oneshot::Sender<Result<Value, Fault>>;

/// A script to be evaluated, and where to.
struct Errand {
    whose: Whose,
    script: String,
    answer: Answer,
}

/// Where a script runs.
enum Whose {
    Engine,
    Options,
}

impl Seat {
    /// Starts a browser; whoever shows this key is the introduction server.
    pub(crate) fn take(namespace: File, spki: String) -> Self {
        let (errands, mut asked) = mpsc::channel::<Errand>(1);
        let thread = inside::live(namespace, move || async move {
            let launch = Launch::new()
                .extension(slipstream_stage::built_extension()?)
                .resolver_rules(format!("MAP {NAME} {MIDDLE}"))
                .spki(spki);
            let browser = Chromium::launch(launch).await?;
            let options = browser.open_extension_page("popup/options.html", PATIENCE).await?;
            options.wait_for("chrome.storage.local.get('welcomed').then(() => true)", PATIENCE).await?;
            while let Some(errand) = asked.recv().await {
                // Whoever asked may have lost patience.
                let _ = errand.answer.send(evaluate(&browser, &options, &errand.whose, &errand.script).await);
            }
            Ok(())
        });
        Self { errands: Some(errands), thread: Some(thread) }
    }

    /// Puts settings into force, with eyes on each connection that the engine makes from now on.
    pub(crate) fn set(&mut self, settings: &Value) -> Result<(), Fault> {
        self.ask(Whose::Engine, WATCH.to_owned())?;
        self.ask(Whose::Options, format!("chrome.storage.local.set({{ settings: {settings} }})")).map(drop)
    }

    /// Members with a proven channel.
    pub(crate) fn met(&mut self) -> Result<u64, Fault> {
        let stats = self.ask(Whose::Options, "chrome.runtime.sendMessage({ type: 'stats' })".to_owned())?;
        Ok(stats["peers"]["connected"].as_u64().unwrap_or(0))
    }

    /// What became of each connection since the settings were set: its policy and the pair that was chosen.
    pub(crate) fn connections(&mut self) -> Result<Vec<Connection>, Fault> {
        let seen = self.ask(Whose::Engine, SEEN.to_owned())?;
        let read = |one: &Value| Connection {
            relayed: one["relayed"] == json!(true),
            opened: one["opened"] == json!(true),
            alive: one["alive"] == json!(true),
            pair: one["pair"].as_str().map(str::to_owned),
        };
        Ok(seen.as_array().into_iter().flatten().map(read).collect())
    }

    fn ask(&mut self, whose: Whose, script: String) -> Result<Value, Fault> {
        let (answer, answered) = oneshot::channel();
        let errands = self.errands.as_ref().ok_or("the browser has ended")?;
        match errands.blocking_send(Errand { whose, script, answer }) {
            Ok(()) => answered.blocking_recv().map_err(|_| self.end())?,
            Err(_) => Err(self.end()),
        }
    }

    /// Why the browser's thread ended.
    fn end(&mut self) -> Fault {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Err(fault))) => fault,
            _ => "the browser's thread ended".into(),
        }
    }
}

/// One connection of an engine.
#[derive(Debug)]
pub(crate) struct Connection {
    /// By relays alone.
    pub(crate) relayed: bool,
    pub(crate) opened: bool,
    pub(crate) alive: bool,
    /// Kinds of the candidates that were chosen, own first.
    pub(crate) pair: Option<String>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        drop(self.errands.take());
        if let Some(thread) = self.thread.take() {
            // A fault was told to whoever asked last.
            let _ = thread.join();
        }
    }
}

async fn evaluate(browser: &Chromium, options: &Page, whose: &Whose, script: &str) -> Result<Value, Fault> {
    Ok(match whose {
        Whose::Engine => browser.evaluate_offscreen(script, PATIENCE).await?,
        Whose::Options => options.evaluate(script).await?,
    })
}

const PATIENCE: Duration = Duration::from_secs(60);
/// Keeps an eye on the browser's connections, and forgets those of before.
const WATCH: &str = "(() => {
  globalThis.seen = [];
  if (globalThis.watched) return;
  globalThis.watched = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends watched {
    constructor(configuration) {
      super(configuration);
      this.note = { connection: this, relayed: configuration.iceTransportPolicy === 'relay', opened: false };
      seen.push(this.note);
    }
    createDataChannel(...words) {
      const channel = super.createDataChannel(...words);
      channel.addEventListener('open', () => { this.note.opened = true; });
      return channel;
    }
  };
})()";
const SEEN: &str = "Promise.all(seen.map(async ({ connection, relayed, opened }) => {
  const stats = await connection.getStats();
  const pair = [...stats.values()].find((one) => one.type === 'candidate-pair' && one.nominated);
  const kind = (id) => stats.get(id)?.candidateType;
  return {
    relayed, opened,
    alive: connection.connectionState === 'connected',
    pair: pair && kind(pair.localCandidateId) + '/' + kind(pair.remoteCandidateId),
  };
}))";
