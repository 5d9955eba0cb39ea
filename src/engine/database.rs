//! The shelf on disk: one IndexedDB database. Bodies are Blobs, so that they can be handed on by reference; all else
//! is bytes that only the core can read, but for ready plans, which the service worker reads.
//!
//! A body is written in the same transaction as the row that names it: after a crash there is both or neither.

use indexed_db_futures::{
    Build as _, BuildPrimitive as _,
    database::Database as Idb,
    error::{Error, OpenDbError},
    object_store::ObjectStore,
    query_source::QuerySource as _,
    transaction::TransactionMode,
};
use js_sys::{Array, Uint8Array};
use slipstream_core::{
    body::{ContentId, Verified},
    shelf::{Row, Snapshot},
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// Names that `extension/shelf.js` knows, too.
const NAME: &str = "slipstream";
const BODIES: &str = "bodies";
const RECORDS: &str = "records";
const PROFILES: &str = "profiles";
const READY: &str = "ready";
const STORES: [&str; 4] = [BODIES, RECORDS, PROFILES, READY];
const VERSION: u8 = 1;

pub(crate) struct Database(Idb);

impl Database {
    pub(crate) async fn open() -> Result<Self, OpenDbError> {
        let database = Idb::open(NAME)
            .with_version(VERSION)
            .with_on_upgrade_needed(|_, database| {
                for store in STORES {
                    database.create_object_store(store).build()?;
                }
                Ok(())
            })
            .await?;
        Ok(Self(database))
    }

    /// Everything but the bytes of bodies.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Error> {
        let transaction = self.0.transaction(STORES).with_mode(TransactionMode::Readonly).build()?;
        let mut snapshot = Snapshot::default();
        for value in transaction.object_store(RECORDS)?.get_all::<JsValue>().primitive()?.await? {
            snapshot.records.push(bytes(value?));
        }
        for value in transaction.object_store(PROFILES)?.get_all::<JsValue>().primitive()?.await? {
            snapshot.profiles.push(bytes(value?));
        }
        for key in transaction.object_store(BODIES)?.get_all_keys::<String>().primitive()?.await? {
            snapshot.bodies.extend(ContentId::from_hex(&key?));
        }
        Ok(snapshot)
    }

    /// The bytes under a name, whatever they are.
    pub(crate) async fn read(&self, id: ContentId) -> Option<Vec<u8>> {
        let blob = self.blob(id).await.ok()??;
        let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
        Some(Uint8Array::new(&buffer).to_vec())
    }

    async fn blob(&self, id: ContentId) -> Result<Option<Blob>, Error> {
        let transaction = self.0.transaction(BODIES).with_mode(TransactionMode::Readonly).build()?;
        let value = transaction.object_store(BODIES)?.get::<JsValue, _, _>(id.to_hex()).primitive()?.await?;
        Ok(value.and_then(|value| value.dyn_into().ok()))
    }

    /// Writes in one transaction. Nothing of it is there if this fails.
    pub(crate) async fn store(
        &self,
        body: Option<Verified>,
        rows: Vec<Row>,
        drop: Vec<ContentId>,
    ) -> Result<(), Error> {
        let transaction = self.0.transaction(STORES).with_mode(TransactionMode::Readwrite).build()?;
        let bodies = transaction.object_store(BODIES)?;
        if let Some(body) = body {
            put(&bodies, &body.id().to_hex(), Some(blob_of(&body)?)).await?;
        }
        for id in drop {
            bodies.delete(id.to_hex()).primitive()?.await?;
        }
        for row in rows {
            let (store, key, value) = match row {
                Row::Record(key, value) => (RECORDS, key, value.map(|v| Uint8Array::from(&v[..]).into())),
                Row::Profile(key, value) => (PROFILES, key, value.map(|v| Uint8Array::from(&v[..]).into())),
                Row::Ready(key, value) => {
                    let plan = value.map(|plan| serde_wasm_bindgen::to_value(&plan)).transpose();
                    (READY, key, plan.map_err(|fault| Error::from(JsValue::from(fault)))?)
                }
            };
            put(&transaction.object_store(store)?, &key, value).await?;
        }
        transaction.commit().await
    }

    /// Empties every store.
    pub(crate) async fn wipe(&self) -> Result<(), Error> {
        let transaction = self.0.transaction(STORES).with_mode(TransactionMode::Readwrite).build()?;
        for store in STORES {
            transaction.object_store(store)?.clear()?.await?;
        }
        transaction.commit().await
    }
}

async fn put(store: &ObjectStore<'_>, key: &str, value: Option<JsValue>) -> Result<(), Error> {
    match value {
        Some(value) => store.put(value).with_key(key).primitive()?.await.map(|_| ()),
        None => store.delete(key).primitive()?.await,
    }
}

fn blob_of(body: &Verified) -> Result<JsValue, Error> {
    let parts = Array::of1(&Uint8Array::from(body.bytes()));
    Blob::new_with_u8_array_sequence(&parts).map(JsValue::from).map_err(Error::from)
}

fn bytes(value: JsValue) -> Vec<u8> {
    // A row of another type is no row of ours: the codec refuses empty bytes.
    value.dyn_into::<Uint8Array>().map(|array| array.to_vec()).unwrap_or_default()
}
