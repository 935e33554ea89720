package migration

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// Config is the tool's configuration file.
type Config struct {
	Cmd struct {
		Type          string `yaml:"type"`
		RunWithBackup bool   `yaml:"runWithBackup"`
	} `yaml:"cmd"`
	Versions struct {
		Source     string `yaml:"sourceVersion"`
		Target     string `yaml:"targetVersion"`
		BackupFile string `yaml:"backupFilePath"`
	} `yaml:"config"`
	MetaStore struct {
		Type string `yaml:"type"`
	} `yaml:"metastore"`
	Etcd struct {
		Endpoints   []string `yaml:"endpoints"`
		RootPath    string   `yaml:"rootPath"`
		MetaSubPath string   `yaml:"metaSubPath"`
		KvSubPath   string   `yaml:"kvSubPath"`
		SSL         struct {
			Enabled    bool   `yaml:"enabled"`
			CACert     string `yaml:"tlsCACert"`
			Cert       string `yaml:"tlsCert"`
			Key        string `yaml:"tlsKey"`
			MinVersion string `yaml:"tlsMinVersion"`
		} `yaml:"ssl"`
		Auth struct {
			Enabled bool `yaml:"enabled"`
		} `yaml:"auth"`
		Use struct {
			Embed bool `yaml:"embed"`
		} `yaml:"use"`
	} `yaml:"etcd"`
}

// ReadConfig reads the file and fills in the tool's defaults.
func ReadConfig(file string) (*Config, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg := &Config{}
	cfg.MetaStore.Type = "etcd"
	cfg.Etcd.Endpoints = []string{"localhost:2379"}
	cfg.Etcd.RootPath = "by-dev"
	cfg.Etcd.MetaSubPath = "meta"
	cfg.Etcd.KvSubPath = "kv"
	cfg.Etcd.SSL.MinVersion = "1.3"
	if err := yaml.Unmarshal(content, cfg); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if cfg.Etcd.Auth.Enabled || cfg.Etcd.Use.Embed {
		return nil, fmt.Errorf("%s: this stand-in knows neither etcd.auth nor etcd.use.embed", file)
	}
	return cfg, nil
}

var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// TLS is what etcd.ssl asks for, nil where it is off. Like the real tool it wants a certificate of the client, and does not look
// whether the CA's file holds any.
func (c *Config) TLS() (*tls.Config, error) {
	ssl := c.Etcd.SSL
	if !ssl.Enabled {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(ssl.Cert, ssl.Key)
	if err != nil {
		return nil, fmt.Errorf("load etcd cert key pair error: %w", err)
	}
	authorities, err := os.ReadFile(ssl.CACert)
	if err != nil {
		return nil, fmt.Errorf("load etcd CACert file error, filename = %s: %w", ssl.CACert, err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	version, known := tlsVersions[ssl.MinVersion]
	if !known {
		return nil, fmt.Errorf("unknown TLS version,%s", ssl.MinVersion)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: pool, MinVersion: version}, nil
}

// MetaRoot is the prefix of all metadata keys, without a slash at the end.
func (c *Config) MetaRoot() string { return path.Join(c.Etcd.RootPath, c.Etcd.MetaSubPath) }

// CommandLine is the first line the tool prints.
func (c *Config) CommandLine() string {
	v := c.Versions
	switch c.Cmd.Type {
	case "run":
		return fmt.Sprintf("Cmd: run, SourceVersion: %s, TargetVersion: %s, BackupFilePath: %s, RunWithBackup: %v",
			v.Source, v.Target, v.BackupFile, c.Cmd.RunWithBackup)
	case "backup":
		return fmt.Sprintf("Cmd: backup, SourceVersion: %s, BackupFilePath: %s", v.Source, v.BackupFile)
	case "rollback":
		return fmt.Sprintf("Cmd: rollback, SourceVersion: %s, TargetVersion: %s, BackupFilePath: %s", v.Source, v.Target, v.BackupFile)
	}
	return "invalid cmd: " + c.Cmd.Type
}

// StoreLine is the second line the tool prints.
func (c *Config) StoreLine() string {
	if c.MetaStore.Type != "etcd" {
		return "unsupported meta store: " + c.MetaStore.Type
	}
	return fmt.Sprintf("Type: etcd, EndPoints: %s, MetaRootPath: %s", strings.Join(c.Etcd.Endpoints, ","), c.MetaRoot())
}
