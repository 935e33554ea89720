// Package migration is the stand-in for Milvus' metadata migration tool. It keeps the real tool's dangerous order:
// load, clean the source, convert, save key by key.
package migration

import (
	"context"
	"fmt"
	"sync/atomic"

	"sandbox.local/stand-ins/internal/console"
	"sandbox.local/stand-ins/internal/etcd"
	"sandbox.local/stand-ins/internal/fault"
)

type runner struct {
	cfg       *Config
	session   *session
	store     store
	hasBackup atomic.Bool
}

func newRunner(ctx context.Context, cfg *Config) *runner {
	secure, err := cfg.TLS()
	console.AbnormalExitIf(err, false)
	client := etcd.New(cfg.Etcd.Endpoints, secure)
	r := &runner{cfg: cfg, session: openSession(ctx, client, cfg.MetaRoot()), store: store{client, cfg.MetaRoot()}}
	err = r.session.watch(ctx, func(message string) {
		console.AbnormalExit(r.hasBackup.Load(), message, func() { r.close(ctx) })
	})
	console.AbnormalExitIf(err, false)
	return r
}

func (r *runner) close(ctx context.Context) {
	_ = fault.Point("before-stop")
	r.session.close(ctx)
}

// begin is what all commands start with: look for sessions, register, look again.
func (r *runner) begin(ctx context.Context) {
	_ = fault.Point("start")
	console.AbnormalExitIf(r.session.check(ctx), false)
	r.session.register(ctx)
	_ = fault.Point("after-register")
	console.AbnormalExitIf(r.session.check(ctx), false, func() { r.close(ctx) })
}

// Run migrates the metadata.
func Run(ctx context.Context, cfg *Config) {
	r := newRunner(ctx, cfg)
	r.begin(ctx)
	stop := func() { r.close(ctx) }
	console.AbnormalExitIf(r.validate(), false, stop)
	if target, err := parseVersion(cfg.Versions.Target); err == nil && target.less(version220) {
		console.NormalExit("version compatible, no need to migrate", stop)
	}
	if cfg.Cmd.RunWithBackup {
		console.AbnormalExitIf(r.backup(ctx), false, stop)
	} else {
		console.Warning("run migration without backup!")
	}
	console.AbnormalExitIf(r.migrate(ctx), true, stop)
	stop()
}

// Backup writes the backup file.
func Backup(ctx context.Context, cfg *Config) {
	r := newRunner(ctx, cfg)
	r.begin(ctx)
	stop := func() { r.close(ctx) }
	console.AbnormalExitIf(r.backup(ctx), false, stop)
	stop()
}

// Rollback restores the backup file. On a failure it leaves its session to expire, as the real tool does.
func Rollback(ctx context.Context, cfg *Config) {
	r := newRunner(ctx, cfg)
	r.begin(ctx)
	console.AbnormalExitIf(r.rollback(ctx), false)
	r.close(ctx)
}

func (r *runner) validate() error {
	source, err := parseVersion(r.cfg.Versions.Source)
	if err != nil {
		return err
	}
	target, err := parseVersion(r.cfg.Versions.Target)
	if err != nil {
		return err
	}
	if target.less(source) {
		return fmt.Errorf("higher version to lower version is not allowed, source version: %s, target version: %s", source, target)
	}
	return nil
}

func (r *runner) checkStore() error {
	if r.cfg.MetaStore.Type != "etcd" {
		return fmt.Errorf("%s is not supported now", r.cfg.MetaStore.Type)
	}
	return nil
}

func (r *runner) backup(ctx context.Context) error {
	if err := r.checkStore(); err != nil {
		return err
	}
	source, err := parseVersion(r.cfg.Versions.Source)
	if err != nil {
		return err
	}
	if !is21(source) && !is22(source) {
		return fmt.Errorf("version not supported: %s", r.cfg.Versions.Source)
	}
	if err := r.store.backup(ctx, r.cfg.Versions.BackupFile); err != nil {
		return err
	}
	r.hasBackup.Store(true)
	return fault.Point("after-backup")
}

func (r *runner) migrate(ctx context.Context) error {
	source, err := parseVersion(r.cfg.Versions.Source)
	if err != nil {
		return err
	}
	target, err := parseVersion(r.cfg.Versions.Target)
	if err != nil {
		return err
	}
	if !is21(source) || !is22(target) {
		return fmt.Errorf("migration from source version to target version is forbidden, source: %s, target: %s",
			r.cfg.Versions.Source, r.cfg.Versions.Target)
	}
	if err := r.checkStore(); err != nil {
		return err
	}
	loaded, err := r.store.load21(ctx)
	if err != nil {
		return err
	}
	if err := fault.Point("after-load"); err != nil {
		return err
	}
	if err := r.store.clean(ctx, cleaned21, "mid-clean"); err != nil {
		return err
	}
	if err := fault.Point("after-clean"); err != nil {
		return err
	}
	converted, err := loaded.convert()
	if err != nil {
		return err
	}
	if err := r.store.save(ctx, converted); err != nil {
		return err
	}
	return fault.Point("after-save")
}

func (r *runner) rollback(ctx context.Context) error {
	if err := r.checkStore(); err != nil {
		return err
	}
	source, err := prefixesOf(r.cfg.Versions.Source)
	if err != nil {
		return err
	}
	target, err := prefixesOf(r.cfg.Versions.Target)
	if err != nil {
		return err
	}
	if err := r.store.clean(ctx, source, "mid-clean-source"); err != nil {
		return err
	}
	if err := r.store.clean(ctx, target, "mid-clean-target"); err != nil {
		return err
	}
	if err := fault.Point("before-restore"); err != nil {
		return err
	}
	if err := r.store.restore(ctx, r.cfg.Versions.BackupFile); err != nil {
		return err
	}
	return fault.Point("after-restore")
}
