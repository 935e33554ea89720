// Command meta-migration stands in for Milvus' metadata migration tool (2.1 to 2.2) in the sandbox: same command
// line, same configuration, same messages and exit codes, same order of destructive steps, on a real etcd.
// Records are JSON instead of protobuf; ../../README.md lists them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"sandbox.local/stand-ins/internal/console"
	"sandbox.local/stand-ins/internal/migration"
)

func main() {
	flags := flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	flags.Usage = func() { fmt.Fprintln(os.Stderr, "usage: meta-migration -config=FILE") }
	file := flags.String("config", "", "set config yaml")
	_ = flags.Parse(os.Args[1:]) // ExitOnError: never returns an error.
	if *file == "" {
		console.AbnormalExit(false, "config not set")
	}
	cfg, err := migration.ReadConfig(*file)
	if err != nil {
		panic(err) // The real tool panics on an unreadable configuration: exit 2.
	}
	console.Warning(cfg.CommandLine())
	console.Warning(cfg.StoreLine())

	ctx := context.Background()
	switch cfg.Cmd.Type {
	case "run":
		migration.Run(ctx, cfg)
	case "backup":
		migration.Backup(ctx, cfg)
	case "rollback":
		migration.Rollback(ctx, cfg)
	default:
		console.AbnormalExit(false, "cmd not set or not supported: "+cfg.Cmd.Type)
	}
}
