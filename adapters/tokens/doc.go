// Package tokens signs and verifies access tokens: JWTs (RFC 7519) under EdDSA on Ed25519, or ES256. It is
// ports.TokenIssuer and ports.TokenVerifier.
//
// The private keys lie in PKCS #8 PEM, in a file or a secret of the configuration. The first key signs, and all of them
// verify, so that a key is rotated by putting the new one in front and taking the old one out when its last token has
// expired; a retired key may be kept as its public half. A key goes by its thumbprint (RFC 7638), which tokens name in
// their kid, and the public halves are published as a JWK Set.
package tokens
