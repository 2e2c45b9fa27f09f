package vocab

import "testing"

func TestProposals(t *testing.T) {
	for _, test := range []struct {
		name     string
		suite    Suite
		ike, esp string
		wrong    bool
	}{
		{
			name:  "AEAD",
			suite: Suite{IKEEncryption: AES256GCM, PRF: SHA384, IKEGroup: 20, ESPEncryption: AES256GCM, PFSGroup: 20},
			ike:   "aes256gcm16-prfsha384-ecp384", esp: "aes256gcm16-ecp384",
		},
		{
			name:  "CBC",
			suite: Suite{IKEEncryption: AES256CBC, IKEIntegrity: SHA256, PRF: SHA256, IKEGroup: 14, ESPEncryption: AES128CBC, ESPIntegrity: SHA1, PFSGroup: 24},
			ike:   "aes256-sha256-prfsha256-modp2048", esp: "aes128-sha1-modp2048s256",
		},
		{
			name:  "no PFS",
			suite: Suite{IKEEncryption: AES128GCM, PRF: SHA256, IKEGroup: 19, ESPEncryption: AES128GCM},
			ike:   "aes128gcm16-prfsha256-ecp256", esp: "aes128gcm16",
		},
		{name: "unknown group", suite: Suite{IKEEncryption: AES128GCM, PRF: SHA256, IKEGroup: 77, ESPEncryption: AES128GCM}, wrong: true},
		{name: "AEAD with integrity", suite: Suite{IKEEncryption: AES128GCM, IKEIntegrity: SHA1, PRF: SHA256, IKEGroup: 19, ESPEncryption: AES128GCM}, wrong: true},
		{name: "nothing", wrong: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			ike, esp, err := test.suite.Proposals()
			if ike != test.ike || esp != test.esp || (err != nil) != test.wrong {
				t.Errorf("%v.Proposals() = %q, %q, %v; want %q, %q", test.suite, ike, esp, err, test.ike, test.esp)
			}
		})
	}
}
