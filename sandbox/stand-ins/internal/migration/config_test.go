package migration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const certificates = "../../../../test/fixtures/etcdTls/"

func TestTLSWantsWhatTheToolWants(t *testing.T) {
	ssl := func(lines ...string) string {
		return "etcd:\n  ssl:\n    enabled: true\n" + strings.Join(lines, "")
	}
	file := func(key, name string) string { return "    " + key + ": " + certificates + name + ".pem\n" }
	ca, cert, key := file("tlsCACert", "ca"), file("tlsCert", "client"), file("tlsKey", "client-key")
	for _, row := range []struct {
		title, config, fails string
		off                  bool
	}{
		{title: "off by default", config: "etcd: {rootPath: a}", off: true},
		{title: "all three files", config: ssl(ca, cert, key)},
		{title: "a version as a number", config: ssl(ca, cert, key, "    tlsMinVersion: 1.2\n")},
		{title: "a file of the CA without one", config: ssl("    tlsCACert: config_test.go\n", cert, key)},
		{title: "no certificate of the client", config: ssl(ca), fails: "load etcd cert key pair error"},
		{title: "a key of another certificate", config: ssl(ca, cert, file("tlsKey", "server-key")), fails: "private key does not match"},
		{title: "no CA", config: ssl(cert, key), fails: "load etcd CACert file error"},
		{title: "an unknown version", config: ssl(ca, cert, key, "    tlsMinVersion: 2.0\n"), fails: "unknown TLS version,2.0"},
	} {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(row.config), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := ReadConfig(file)
		if err != nil {
			t.Fatalf("%s: %v", row.title, err)
		}
		found, err := cfg.TLS()
		if (err != nil) != (row.fails != "") || (err != nil && !strings.Contains(err.Error(), row.fails)) {
			t.Errorf("%s: %v", row.title, err)
		}
		if err == nil && (found == nil) != row.off {
			t.Errorf("%s: is off: %v", row.title, found == nil)
		}
	}
}
