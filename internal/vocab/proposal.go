package vocab

import (
	"fmt"
	"strings"
)

// dhKeywords are strongSwan's names of Diffie-Hellman groups by IANA number
// (docs.strongswan.org, "IKEv2 Cipher Suites", Key Exchange).
var dhKeywords = map[DHGroup]string{
	2: "modp1024", 5: "modp1536", 14: "modp2048", 15: "modp3072", 16: "modp4096", 17: "modp6144", 18: "modp8192",
	19: "ecp256", 20: "ecp384", 21: "ecp521", 22: "modp1024s160", 23: "modp2048s224", 24: "modp2048s256", 31: "curve25519",
}

// Proposals gives the suite in strongSwan's keywords, for the IKE SA and for
// ESP: aes256gcm16-prfsha384-ecp384 and aes256gcm16-ecp384. The error names
// what has no keyword.
func (s Suite) Proposals() (ike, esp string, err error) {
	if ike, err = proposal(s.IKEEncryption, s.IKEIntegrity, s.PRF, s.IKEGroup); err != nil {
		return "", "", fmt.Errorf("IKE: %w", err)
	}
	if esp, err = proposal(s.ESPEncryption, s.ESPIntegrity, NoHash, s.PFSGroup); err != nil {
		return "", "", fmt.Errorf("ESP: %w", err)
	}
	return ike, esp, nil
}

// proposal leaves out the PRF and the group where there are none.
func proposal(e Encryption, integrity, prf Hash, group DHGroup) (string, error) {
	if e < AES128CBC || e > AES256GCM {
		return "", fmt.Errorf("cipher %d has no keyword", e)
	}
	if e.IsAEAD() != (integrity == NoHash) {
		return "", fmt.Errorf("cipher %v with integrity %v is no suite: an AEAD cipher authenticates by itself, others do not", e, integrity)
	}
	parts := []string{strings.ReplaceAll(e.String(), "-", "")}
	if integrity != NoHash {
		parts = append(parts, integrity.String())
	}
	if prf != NoHash {
		parts = append(parts, "prf"+prf.String())
	}
	if group != 0 {
		name, ok := dhKeywords[group]
		if !ok {
			return "", fmt.Errorf("Diffie-Hellman group %v has no keyword", group)
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, "-"), nil
}
