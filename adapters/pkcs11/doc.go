// Package pkcs11 has the data keys wrapped by a key in a hardware security module, or anything else with a PKCS#11 module, such
// as SoftHSM2. It is ports.MasterKey on AES-GCM (CKM_AES_GCM, PKCS#11 2.40 §2.12): the key is a secret key of the token and
// never leaves it.
//
// The module is C, so the package works in builds with cgo only; without, [New] says so.
package pkcs11
