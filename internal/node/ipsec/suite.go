package ipsec

import (
	"slices"
	"strings"
)

// keywords are strongSwan's names of algorithms in lists of SAs
// (transform_type.c and the enums beside it) and those of proposals.
var keywords = map[string]string{
	"HMAC_SHA1_96": "sha1", "HMAC_SHA2_256_128": "sha256", "HMAC_SHA2_384_192": "sha384", "HMAC_SHA2_512_256": "sha512",
	"PRF_HMAC_SHA1": "prfsha1", "PRF_HMAC_SHA2_256": "prfsha256", "PRF_HMAC_SHA2_384": "prfsha384", "PRF_HMAC_SHA2_512": "prfsha512",
	"MODP_1024": "modp1024", "MODP_1536": "modp1536", "MODP_2048": "modp2048", "MODP_3072": "modp3072", "MODP_4096": "modp4096",
	"MODP_6144": "modp6144", "MODP_8192": "modp8192", "MODP_1024_160": "modp1024s160", "MODP_2048_224": "modp2048s224", "MODP_2048_256": "modp2048s256",
	"ECP_256": "ecp256", "ECP_384": "ecp384", "ECP_521": "ecp521", "CURVE_25519": "curve25519",
}

// algorithms are those of an SA, as list-sas names them.
type algorithms struct {
	encryption, keySize, integrity, prf, group string
}

// proposal writes them as a proposal: aes256gcm16-prfsha384-ecp384. The first
// CHILD_SA of a tunnel has no group of its own: its keys come from the IKE SA
// (RFC 7296 section 1.2). What is not known is written as strongSwan has it.
func (a algorithms) proposal() string {
	parts := []string{cipher(a.encryption, a.keySize)}
	for _, s := range []string{a.integrity, a.prf, a.group} {
		if s == "" || s == "NONE" {
			continue
		}
		if k, ok := keywords[s]; ok {
			s = k
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "-")
}

func cipher(name, size string) string {
	switch name {
	case "AES_CBC":
		return "aes" + size
	case "AES_GCM_16":
		return "aes" + size + "gcm16"
	}
	return name + size
}

// planned reports whether what was negotiated is among the proposals of the
// plan. A proposal's PRF may go without saying, and its group does not show
// on the first CHILD_SA.
func planned(got algorithms, proposals []string, isChild bool) bool {
	want := got.proposal()
	return slices.ContainsFunc(proposals, func(p string) bool {
		if p == want {
			return true
		}
		if isChild && got.group == "" {
			return withoutGroup(p) == want
		}
		noPRF := got
		noPRF.prf = ""
		return p == noPRF.proposal()
	})
}

// withoutGroup cuts the group off a proposal.
func withoutGroup(p string) string {
	i := strings.LastIndexByte(p, '-')
	if i < 0 {
		return p
	}
	switch last := p[i+1:]; {
	case strings.HasPrefix(last, "modp"), strings.HasPrefix(last, "ecp"), strings.HasPrefix(last, "curve"):
		return p[:i]
	}
	return p
}
