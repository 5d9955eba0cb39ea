//! A throw-away certificate authority and one certificate of it, made anew for each origin.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData as _,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use sha2::{Digest, Sha256};

use crate::site::Protocol;

/// Keys and certificates; they live in memory only.
#[derive(Debug)]
pub(crate) struct Identity {
    authority: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    /// Base64 of the SHA-256 of the authority's SubjectPublicKeyInfo (fact S2).
    pub(crate) spki: String,
}

impl Identity {
    /// For these host names.
    pub(crate) fn new(hosts: impl IntoIterator<Item = String>) -> io::Result<Self> {
        let authority_key = KeyPair::generate().map_err(io::Error::other)?;
        let spki = STANDARD.encode(Sha256::digest(authority_key.subject_public_key_info()));

        let mut params = validity(CertificateParams::default());
        params.distinguished_name.push(DnType::CommonName, "Slipstream test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, authority_key).map_err(io::Error::other)?;

        let names = hosts.into_iter().collect::<Vec<_>>();
        let mut params = validity(CertificateParams::new(names).map_err(io::Error::other)?);
        params.distinguished_name.push(DnType::CommonName, "Slipstream test origin");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params.signed_by(&leaf_key, &authority).map_err(io::Error::other)?;

        let key = PrivatePkcs8KeyDer::from(leaf_key.serialize_der());
        Ok(Self { authority: authority.der().clone(), leaf: leaf.into(), key, spki })
    }

    /// The authority's certificate, DER.
    pub(crate) fn authority(&self) -> &[u8] {
        &self.authority
    }

    /// TLS of a listener that speaks one protocol only.
    pub(crate) fn server(&self, protocol: Protocol) -> io::Result<Arc<ServerConfig>> {
        let chain = vec![self.leaf.clone(), self.authority.clone()];
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, self.key.clone_key().into())
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![match protocol {
            Protocol::Http1 => b"http/1.1".to_vec(),
            Protocol::Http2 => b"h2".to_vec(),
        }];
        Ok(Arc::new(config))
    }
}

/// From yesterday, for clocks that differ, and for less than browsers allow at most.
fn validity(mut params: CertificateParams) -> CertificateParams {
    let day = Duration::from_secs(24 * 3_600);
    let now = SystemTime::now();
    params.not_before = (now - day).into();
    params.not_after = (now + 30 * day).into();
    params
}
