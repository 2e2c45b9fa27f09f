package vocab

import (
	"fmt"
	"slices"
	"strconv"
)

// Encryption is an IKE or ESP cipher with its key length.
type Encryption uint8

// The ciphers that some cloud offers and that are still fit for use, the
// weakest first (RFC 8221, RFC 8247).
const (
	AES128CBC Encryption = iota + 1
	AES256CBC
	AES128GCM
	AES256GCM
)

var encryptionNames = []string{AES128CBC: "aes128", AES256CBC: "aes256", AES128GCM: "aes128-gcm16", AES256GCM: "aes256-gcm16"}

// String gives the name as in a spec: aes256-gcm16.
func (e Encryption) String() string { return nameOf(encryptionNames, int(e)) }

// IsAEAD reports whether the cipher authenticates by itself (RFC 5116).
func (e Encryption) IsAEAD() bool { return e == AES128GCM || e == AES256GCM }

// MarshalText is [Encryption.String].
func (e Encryption) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads a cipher's name.
func (e *Encryption) UnmarshalText(b []byte) error {
	i, err := indexOf("encryption", encryptionNames, string(b))
	*e = Encryption(i)
	return err
}

// Hash is an IKE PRF or an IKE or ESP integrity algorithm (HMAC of it).
// NoHash stands where an AEAD cipher needs none.
type Hash uint8

// The hashes on offer, the weakest first.
const (
	NoHash Hash = iota
	SHA1
	SHA256
	SHA384
	SHA512
)

var hashNames = []string{NoHash: "none", SHA1: "sha1", SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}

// String gives the name as in a spec: sha384.
func (h Hash) String() string { return nameOf(hashNames, int(h)) }

// MarshalText is [Hash.String].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads a hash's name.
func (h *Hash) UnmarshalText(b []byte) error {
	i, err := indexOf("hash", hashNames, string(b))
	*h = Hash(i)
	return err
}

// DHGroup is a Diffie-Hellman group by its IANA number (RFC 8247): 14, 19, 20.
type DHGroup uint8

// String gives the number: 20.
func (g DHGroup) String() string { return strconv.Itoa(int(g)) }

// Suite is one choice of algorithms for a tunnel, the same at both ends:
// phase 1 is the IKEv2 SA, phase 2 the ESP SA.
type Suite struct {
	IKEEncryption Encryption
	IKEIntegrity  Hash // NoHash with an AEAD cipher
	PRF           Hash
	IKEGroup      DHGroup
	ESPEncryption Encryption
	ESPIntegrity  Hash // NoHash with an AEAD cipher
	PFSGroup      DHGroup
}

// String gives a strongSwan-like reading: "IKEv2 aes256-gcm16-prfsha384-dh20, ESP aes256-gcm16-dh20".
func (s Suite) String() string {
	ike := s.IKEEncryption.String()
	if s.IKEIntegrity != NoHash {
		ike += "-" + s.IKEIntegrity.String()
	}
	esp := s.ESPEncryption.String()
	if s.ESPIntegrity != NoHash {
		esp += "-" + s.ESPIntegrity.String()
	}
	return fmt.Sprintf("IKEv2 %s-prf%s-dh%s, ESP %s-dh%s", ike, s.PRF, s.IKEGroup, esp, s.PFSGroup)
}

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) || names[i] == "" {
		return "?"
	}
	return names[i]
}

func indexOf(what string, names []string, s string) (int, error) {
	if i := slices.Index(names, s); i >= 0 && s != "" {
		return i, nil
	}
	return 0, fmt.Errorf("%s %q is not known", what, s)
}
