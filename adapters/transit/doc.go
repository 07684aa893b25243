// Package transit has the data keys wrapped by the transit engine of HashiCorp Vault or OpenBao, whose key never leaves it.
// It is ports.MasterKey on that engine's HTTP API: encrypt and decrypt, with associated data, of a key of type aes256-gcm96
// or chacha20-poly1305.
//
// The token needs update on encrypt/NAME and decrypt/NAME and nothing else. Keys may be rotated there at any time; what
// older versions wrapped stays readable until min_decryption_version passes it.
package transit
