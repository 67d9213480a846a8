// The registered clients. The identifier says what is special about each one.
import { X509Certificate } from 'node:crypto';
import { publicPart } from './keys.mjs';

export const SECRET = 'test-secret-0123456789-0123456789-0123456789-0123456789-0123456789';
export const NOTIFICATIONS = 'https://notifications.example.test/';
export const ODD_ID = 'odd client:+%';
export const ODD_SECRET = '%41 &+:=/';
export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
export const CIBA = 'urn:openid:params:grant-type:ciba';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const GRANTS = [
  'authorization_code', 'refresh_token', 'client_credentials', DEVICE, CIBA, EXCHANGE, JWT_BEARER, 'password',
];
const REDIRECTS = ['http://127.0.0.1/cb', 'http://127.0.0.1:9999/cb', 'https://rp.example.test/cb'];

export function clients(state) {
  const jwks = { keys: Object.values(state.client).map(publicPart) };
  const base = {
    client_secret: SECRET,
    grant_types: GRANTS,
    response_types: ['code'],
    redirect_uris: REDIRECTS,
    // Native clients may use any loopback port, which suits a CLI under test.
    application_type: 'native',
    backchannel_token_delivery_mode: 'poll',
    post_logout_redirect_uris: ['http://127.0.0.1/bye'],
  };
  const make = (client_id, extra = {}) => {
    const all = { ...base, token_endpoint_auth_method: 'client_secret_basic', ...extra, client_id };
    const keyed = all.token_endpoint_auth_method;
    if (['none', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'].includes(keyed)) {
      if (!all.keep_secret) delete all.client_secret;
    }
    delete all.keep_secret;
    for (const key of Object.keys(all)) if (all[key] === undefined) delete all[key];
    return all;
  };
  const selfSigned = new X509Certificate(state.selfSignedPem).publicKey.export({ format: 'jwk' });
  const publicClient = {
    token_endpoint_auth_method: 'none',
    grant_types: GRANTS.filter((grant) => grant !== 'client_credentials' && grant !== CIBA),
    backchannel_token_delivery_mode: undefined,
  };
  const list = [
    make('basic', { authorization_details_types: ['payment'] }),
    make('post', { token_endpoint_auth_method: 'client_secret_post' }),
    make('csjwt', { token_endpoint_auth_method: 'client_secret_jwt' }),
    make('public', publicClient),
    ...['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'].map((alg) => make(`pkjwt-${alg.toLowerCase()}`, {
      token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg, jwks,
    })),
    make('tls', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'client.example.test', tls_client_certificate_bound_access_tokens: true }),
    make('tls-dn', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=tls-client,O=Test', tls_client_certificate_bound_access_tokens: true }),
    make('selfsigned', {
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      tls_client_certificate_bound_access_tokens: true,
      jwks: { keys: [{ ...selfSigned, use: 'sig', x5c: [state.selfSignedX5c] }] },
    }),
    make('bound', { tls_client_certificate_bound_access_tokens: true }),
    // What the authorization request must look like.
    make('jar', { request_object_signing_alg: 'RS256', require_signed_request_object: true, jwks }),
    make('jar-hs', { request_object_signing_alg: 'HS256' }),
    make('jar-enc', { request_object_encryption_alg: 'RSA-OAEP-256', request_object_encryption_enc: 'A256GCM', jwks }),
    make('par', { require_pushed_authorization_requests: true }),
    make('dpop', { dpop_bound_access_tokens: true }),
    make('dpop-public', { dpop_bound_access_tokens: true, token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token', DEVICE], backchannel_token_delivery_mode: undefined }),
    make('ciba-signed', { backchannel_authentication_request_signing_alg: 'RS256', jwks }),
    // What the answers look like.
    make('jarm', { authorization_signed_response_alg: 'RS256' }),
    make('jarm-enc', { authorization_signed_response_alg: 'ES256', authorization_encrypted_response_alg: 'RSA-OAEP-256', authorization_encrypted_response_enc: 'A256GCM', jwks }),
    ...['PS256', 'ES256', 'ES512', 'EdDSA', 'HS256'].map((alg) => make(`idt-${alg.toLowerCase()}`, { id_token_signed_response_alg: alg })),
    make('idt-enc-rsa', { id_token_encrypted_response_alg: 'RSA-OAEP-256', id_token_encrypted_response_enc: 'A256GCM', jwks }),
    make('idt-enc-ecdh', { id_token_encrypted_response_alg: 'ECDH-ES', id_token_encrypted_response_enc: 'A128CBC-HS256', jwks }),
    make('idt-enc-dir', { id_token_encrypted_response_alg: 'dir', id_token_encrypted_response_enc: 'A128GCM' }),
    make('jwt-userinfo', { userinfo_signed_response_alg: 'RS256' }),
    make('jwt-userinfo-enc', { userinfo_signed_response_alg: 'ES256', userinfo_encrypted_response_alg: 'ECDH-ES', userinfo_encrypted_response_enc: 'A256GCM', jwks }),
    make('jwt-introspection', { introspection_signed_response_alg: 'RS256' }),
    // The first two are of one sector, that of their redirect URI's host.
    ...Object.entries({ pairwise: 'rp', 'pairwise-sibling': 'rp', 'pairwise-stranger': 'stranger' }).map(([id, host]) => make(id, {
      subject_type: 'pairwise', application_type: 'web', redirect_uris: [`https://${host}.example.test/cb`],
      // CIBA and device grants would demand a jwks_uri here.
      grant_types: ['authorization_code', 'refresh_token'], backchannel_token_delivery_mode: undefined, post_logout_redirect_uris: undefined,
    })),
    make('hybrid', {
      grant_types: [...GRANTS, 'implicit'],
      application_type: 'web',
      redirect_uris: ['https://rp.example.test/cb'],
      post_logout_redirect_uris: ['https://rp.example.test/bye'],
      response_types: ['code', 'code id_token', 'code token', 'code id_token token', 'id_token', 'id_token token', 'none'],
    }),
    // Access tokens of these live a few seconds.
    make('short-basic'),
    make('short-post', { token_endpoint_auth_method: 'client_secret_post' }),
    make('short-public', publicClient),
    // What Basic has to encode (RFC 6749, 2.3.1). Printable ASCII is all that oidc-provider allows here.
    make(ODD_ID, { client_secret: ODD_SECRET }),
    // Profiles.
    make('fapi2', {
      token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'PS256', jwks,
      id_token_signed_response_alg: 'PS256', request_object_signing_alg: 'PS256', authorization_signed_response_alg: 'PS256',
      introspection_signed_response_alg: 'PS256',
      redirect_uris: ['https://rp.example.test/cb'], application_type: 'web', dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true, post_logout_redirect_uris: undefined,
    }),
    make('rs', { grant_types: [], response_types: [], redirect_uris: [], backchannel_token_delivery_mode: undefined }), // a resource server that introspects
  ];
  if (process.env.NOTIFICATION_PORT) {
    list.push(make('ciba-ping', { backchannel_token_delivery_mode: 'ping', backchannel_client_notification_endpoint: NOTIFICATIONS }));
  }
  if (process.env.LOGOUT_URI) {
    list.push(make('bclogout', { backchannel_logout_uri: process.env.LOGOUT_URI, backchannel_logout_session_required: true }));
  }
  return list;
}
