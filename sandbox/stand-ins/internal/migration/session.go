package migration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"sandbox.local/stand-ins/internal/console"
	"sandbox.local/stand-ins/internal/etcd"
)

const role = "migration"

// roles whose sessions keep the tool from working, in the order in which it looks.
var roles = []string{
	"rootcoord", "indexcoord", "indexnode", "datacoord", "datanode", "querycoord", "querynode", "proxy",
}

// sessionTTL is 60 seconds; SANDBOX_SESSION_TTL=SECONDS shortens it.
func sessionTTL() int64 {
	if seconds, err := strconv.ParseInt(os.Getenv("SANDBOX_SESSION_TTL"), 10, 64); err == nil && seconds > 0 {
		return seconds
	}
	return 60
}

// session registers the tool itself, so that two of them do not run at the same time.
type session struct {
	client  *etcd.Client
	prefix  string // ends with "/"
	id      int64
	address string
	lease   int64
	stop    context.CancelFunc
}

type sessionRecord struct {
	ServerID    int64
	ServerName  string
	Address     string
	Exclusive   bool
	TriggerKill bool
	Version     string
}

// openSession waits for etcd as long as the real tool does (100 tries, with the same warnings), then takes a server id.
func openSession(ctx context.Context, client *etcd.Client, metaRoot string) *session {
	pause := 200 * time.Millisecond
	for try := 1; ; try++ {
		_, _, err := client.Get(ctx, "health")
		if err == nil {
			break
		}
		fmt.Fprintf(os.Stderr, `{"level":"warn","logger":"etcd-client","msg":"retrying of unary invoker failed","attempt":0,`+
			`"error":"rpc error: code = DeadlineExceeded desc = latest balancer error: connection error: desc = \"transport: `+
			`%s: %s\""}`+"\n", whatFailed(client, err), strings.ReplaceAll(err.Error(), `"`, `\"`))
		if try == 100 {
			panic("runtime error: invalid memory address or nil pointer dereference")
		}
		time.Sleep(pause)
		pause = min(2*pause, 3*time.Second)
	}
	s := &session{client: client, prefix: metaRoot + "/session/", address: time.Now().String(), stop: func() {}}
	id, err := s.nextID(ctx)
	if err != nil {
		panic(err)
	}
	s.id = id
	return s
}

// whatFailed names the part of a connection that failed, as gRPC does.
func whatFailed(client *etcd.Client, err error) string {
	text := err.Error()
	if strings.Contains(text, "tls: ") || (client.Secure() && (errors.Is(err, io.EOF) || strings.Contains(text, "reset by peer"))) {
		return "authentication handshake failed"
	}
	return "Error while dialing"
}

// nextID counts up <root>/session/id, a key without a lease: every run of the tool changes it.
func (s *session) nextID(ctx context.Context) (int64, error) {
	key := s.prefix + "id"
	for {
		if _, err := s.client.Create(ctx, key, "1", 0); err != nil {
			return 0, err
		}
		kv, found, err := s.client.Get(ctx, key)
		if err != nil {
			return 0, err
		}
		if !found {
			continue
		}
		id, err := strconv.ParseInt(string(kv.Value), 10, 64)
		if err != nil {
			return 0, err
		}
		swapped, err := s.client.Swap(ctx, key, string(kv.Value), strconv.FormatInt(id+1, 10))
		if err != nil || swapped {
			return id, err
		}
	}
}

// register retries as the real tool does, then panics (exit 2).
func (s *session) register(ctx context.Context) {
	value, err := json.Marshal(sessionRecord{s.id, role, s.address, true, true, "2.2.0"})
	if err != nil {
		panic(err)
	}
	for try := 1; ; try++ {
		lease, err := s.client.Grant(ctx, sessionTTL())
		created := false
		if err == nil {
			created, err = s.client.Create(ctx, s.prefix+role, string(value), lease)
		}
		if created {
			s.lease = lease
			break
		}
		if err == nil {
			err = fmt.Errorf("function CompareAndSwap error for compare is false for key: %s", role)
		}
		if try == 30 {
			panic(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	alive, stop := context.WithCancel(ctx)
	s.stop = stop
	go func() {
		tick := time.NewTicker(time.Duration(sessionTTL()) * time.Second / 3)
		defer tick.Stop()
		for {
			select {
			case <-alive.Done():
				return
			case <-tick.C:
				_ = s.client.KeepAlive(alive, s.lease)
			}
		}
	}()
}

// check is refused while another migration, or anything of Milvus, has a session.
func (s *session) check(ctx context.Context) error {
	kvs, _, err := s.client.List(ctx, s.prefix+role)
	if err != nil {
		return err
	}
	for _, kv := range kvs {
		var record sessionRecord
		if err := json.Unmarshal(kv.Value, &record); err != nil {
			return err
		}
		if record.Address != s.address {
			return errors.New("other migration is running")
		}
	}
	for _, prefix := range roles {
		kvs, _, err := s.client.List(ctx, s.prefix+prefix)
		if err != nil {
			return err
		}
		if len(kvs) > 0 {
			return fmt.Errorf("there are still sessions alive, prefix: %s, num of alive sessions: %d", prefix, len(kvs))
		}
	}
	return nil
}

// watch ends the process when a session of Milvus comes or goes.
func (s *session) watch(ctx context.Context, onChange func(message string)) error {
	_, revision, err := s.client.List(ctx, s.prefix+role)
	if err != nil {
		return err
	}
	go func() {
		err := s.client.Watch(ctx, s.prefix, revision, func(event etcd.Event) {
			name := strings.TrimPrefix(event.Key, s.prefix)
			kind := "SessionAddEvent"
			if event.Deleted {
				kind = "SessionDelEvent"
			}
			for _, prefix := range roles {
				if strings.HasPrefix(name, prefix) {
					onChange(fmt.Sprintf("session up/down, exit migration, event type: %s, session: Session:<ServerName: %s>", kind, name))
				}
			}
		})
		if err != nil && ctx.Err() == nil {
			console.Warning("session watch ended: " + err.Error())
		}
	}()
	return nil
}

func (s *session) close(ctx context.Context) {
	s.stop()
	if s.lease != 0 {
		if err := s.client.Revoke(ctx, s.lease); err != nil {
			console.Warning(err.Error())
			return
		}
	}
	console.Success("migration session expired")
}
