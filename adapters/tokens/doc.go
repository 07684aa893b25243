// Package tokens signs and verifies access tokens: JWTs (RFC 7519) under EdDSA on Ed25519, or ES256; and it makes refresh
// tokens. It is ports.TokenIssuer, ports.TokenVerifier, ports.KeyRing and ports.RefreshTokens.
//
// Private keys lie in PKCS #8 PEM, in a store that replicas share, or in a file or a secret of the configuration. One signs, and
// all of them verify, so that a key is replaced by adding the new one and taking the old one out when its last token has
// expired; a Ring does so while the service runs. A key goes by its thumbprint (RFC 7638), which tokens name in their kid, and
// the public halves are published as a JWK Set.
package tokens
