//! Invites as QR codes, for the settings page alone: a small wasm file of its own, so that the engine need not carry it.

use qrcodegen::{QrCode, QrCodeEcc};
use wasm_bindgen::prelude::*;

/// The code of a text, row by row: 1 is dark. Nothing where the text is too long for a code.
#[wasm_bindgen(js_name = qrCode)]
pub fn qr_code(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size();
    let rows = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    Some(rows.map(|(x, y)| u8::from(code.get_module(x, y))).collect())
}
