//! One timer: it rings once, at the time it was set to last.

use wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::Window;

/// Longest pause that a browser's timer can keep, in ms.
const LONGEST: u64 = i32::MAX as u64;

pub(crate) struct Timer {
    window: Window,
    closure: Closure<dyn FnMut()>,
    set: Option<i32>,
}

impl Timer {
    pub(crate) fn new(window: Window, ring: impl FnMut() + 'static) -> Self {
        Self { window, closure: Closure::new(ring), set: None }
    }

    /// Rings after `pause` ms; nothing means never. An earlier setting is forgotten.
    pub(crate) fn set(&mut self, pause: Option<u64>) {
        self.clear();
        if let Some(pause) = pause {
            let pause = i32::try_from(pause.min(LONGEST)).unwrap_or(i32::MAX);
            self.set = self
                .window
                .set_timeout_with_callback_and_timeout_and_arguments_0(
                    self.closure.as_ref().unchecked_ref(),
                    pause,
                )
                .ok();
        }
    }

    fn clear(&mut self) {
        if let Some(set) = self.set.take() {
            self.window.clear_timeout_with_handle(set);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}
