//! Providers of OAuth 1.0: what is known of each before a client is registered there, as data. One file a provider.
