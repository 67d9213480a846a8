//! What `grantee jose` and `grantee jwk` take.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum Jose {
    /// Signs what comes on stdin, byte for byte, and prints the token (RFC 7515).
    Sign(Sign),
    /// Verifies the token on stdin and prints its payload, byte for byte; exit status 11 for whatever it refuses.
    ///
    /// The token never chooses its algorithm: it is one of --alg; without that the one the key names; without that one that
    /// the key's type and size allow. A symmetric key verifies HS256, HS384 and HS512 alone, any other key none of them.
    Verify(Verify),
    /// Encrypts what comes on stdin, byte for byte, and prints the token (RFC 7516).
    ///
    /// With --cty JWT what comes is a token, and a newline behind it is left out.
    Encrypt(Encrypt),
    /// Decrypts the token on stdin and prints its plaintext, byte for byte; exit status 11 for whatever it refuses.
    Decrypt(Decrypt),
    /// Shows header and payload of the token on stdin as JSON. Nothing is verified: anybody can have made it.
    Inspect,
}

/// Which key.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// A file with the key: a JWK, PEM or DER.
    #[arg(long, value_name = "FILE", conflicts_with = "jwks")]
    pub(crate) key: Option<PathBuf>,

    /// A set of keys, in a file or at a URL.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) jwks: Option<String>,

    /// The key of the set by its kid; sign and encrypt also put it into the header.
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    pub(crate) kid: Option<String>,

    /// A file with the password of an encrypted key; without a key, the password of PBES2.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// How a set at a URL is reached.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// A file with certificate authorities (PEM) to trust beside the system's own.
    #[arg(long, env = "GRANTEE_CA", hide_env = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// An HTTP proxy. Its credentials come from GRANTEE_PROXY_USERNAME and GRANTEE_PROXY_PASSWORD, or stand in GRANTEE_PROXY.
    #[arg(long, env = "GRANTEE_PROXY", hide_env = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// How long an exchange may take; 30 unless said.
    #[arg(long, env = "GRANTEE_TIMEOUT", hide_env = true, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
}

/// What a header says beside the algorithm.
#[derive(Debug, Args)]
pub(crate) struct HeaderArgs {
    /// The media type of the token.
    #[arg(long, value_name = "TYPE")]
    pub(crate) typ: Option<String>,

    /// The media type of the content.
    #[arg(long, value_name = "TYPE")]
    pub(crate) cty: Option<String>,

    /// Further members of the header, which is protected.
    #[arg(long, value_name = "JSON")]
    pub(crate) header: Option<String>,

    /// Makes a token in JSON.
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) json_serialization: Option<JsonSerialization>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum JsonSerialization {
    /// For one signature or recipient.
    Flattened,
    /// As if for several.
    General,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) key: KeyArgs,

    /// The algorithm; follows from the key where only one is possible.
    #[arg(long, value_name = "ALG")]
    pub(crate) alg: Option<String>,

    #[command(flatten)]
    pub(crate) header: HeaderArgs,

    /// Leaves the payload out of the token.
    #[arg(long)]
    pub(crate) detached: bool,

    /// Signs the payload as it is, not as base64url (RFC 7797).
    #[arg(long)]
    pub(crate) unencoded: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) key: KeyArgs,

    /// An algorithm to allow; may be repeated. Without it the key decides.
    #[arg(long, value_name = "ALG")]
    pub(crate) alg: Vec<String>,

    /// The payload of a token that was signed without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    pub(crate) key: KeyArgs,

    /// How the content key is wrapped; follows from the key where only one algorithm is possible.
    #[arg(long, value_name = "ALG")]
    pub(crate) alg: Option<String>,

    /// How the content is encrypted: A256GCM unless said. With dir it follows from the key where that names it.
    #[arg(long, value_name = "ENC")]
    pub(crate) enc: Option<String>,

    #[command(flatten)]
    pub(crate) header: HeaderArgs,

    /// Compresses the content, whose length then tells of it.
    #[arg(long)]
    pub(crate) zip: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    pub(crate) key: KeyArgs,

    /// An algorithm to allow for the content key; may be repeated. Without it the key decides.
    #[arg(long, value_name = "ALG")]
    pub(crate) alg: Vec<String>,

    /// A way to encrypt content to allow; may be repeated. Without it all are.
    #[arg(long, value_name = "ENC")]
    pub(crate) enc: Vec<String>,

    /// Takes compressed content too.
    #[arg(long)]
    pub(crate) allow_zip: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Jwk {
    /// Makes a new key and prints it: a private or symmetric JWK.
    Generate(Generate),
    /// Prints the public part of a key or of a set.
    Public(KeyInput),
    /// Prints the thumbprint (RFC 7638).
    Thumbprint(Thumbprint),
    /// Prints a key in another form. A private key stays private unless a public form is asked for.
    Convert(Convert),
}

/// A key in whatever form it comes.
#[derive(Debug, Args)]
pub(crate) struct KeyInput {
    /// A file with the key: a JWK, a set of them, PEM or DER. Stdin unless given.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The same.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub(crate) key: Option<PathBuf>,

    /// The key of a set by its kid; the first unless given.
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    pub(crate) kid: Option<String>,

    /// A file with the password of an encrypted key.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyType {
    Rsa,
    Ec,
    Okp,
    Oct,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// What kind of key; follows from --alg or --curve where that says it.
    #[arg(long, value_enum, ignore_case = true, value_name = "TYPE")]
    pub(crate) r#type: Option<KeyType>,

    /// Its size: 2048 unless said for rsa; for oct what --alg needs, else 256.
    #[arg(long, value_name = "BITS")]
    pub(crate) size: Option<usize>,

    /// Its curve: P-256, P-384, P-521, secp256k1, Ed25519, Ed448, X25519, X448.
    #[arg(long, value_name = "NAME")]
    pub(crate) curve: Option<String>,

    /// The one algorithm it is for.
    #[arg(long, value_name = "ALG")]
    pub(crate) alg: Option<String>,

    /// What it is for.
    #[arg(long, value_name = "USE", value_parser = ["sig", "enc"])]
    pub(crate) r#use: Option<String>,

    /// Its name: the thumbprint unless given. A symmetric key has none then, since its thumbprint is a digest of the secret.
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    pub(crate) kid: Option<String>,

    /// Prints it as a set of one key.
    #[arg(long)]
    pub(crate) set: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hash {
    #[default]
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Args)]
pub(crate) struct Thumbprint {
    #[command(flatten)]
    pub(crate) input: KeyInput,

    /// By which digest.
    #[arg(long, value_enum, default_value_t, value_name = "HASH")]
    pub(crate) hash: Hash,

    /// As a URI (RFC 9278).
    #[arg(long)]
    pub(crate) uri: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyForm {
    /// One JWK.
    Jwk,
    /// A set: the whole one where a set comes in and no kid is given.
    Jwks,
    /// PEM: PKCS#8 of a private key, else SPKI.
    Pem,
    /// The same as DER.
    Der,
    /// The public part, as PEM.
    PublicPem,
    /// The private key under a password, as PEM.
    EncryptedPem,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    #[command(flatten)]
    pub(crate) input: KeyInput,

    /// Into what.
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: KeyForm,

    /// encrypted-pem: a file with the password to put on it.
    #[arg(long, value_name = "FILE")]
    pub(crate) new_password_file: Option<PathBuf>,
}
