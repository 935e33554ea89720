package migration

import (
	"context"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"sandbox.local/stand-ins/internal/console"
	"sandbox.local/stand-ins/internal/etcd"
	"sandbox.local/stand-ins/internal/fault"
)

// store is the metadata of one Milvus in etcd.
type store struct {
	client *etcd.Client
	root   string
}

// cleaned21 and cleaned22 are removed in this order; the keys of collection-alias go with those of collection.
var (
	cleaned21 = []string{
		collectionPrefix, path.Join(snapshotPrefix, collectionPrefix),
		alias21Prefix, path.Join(snapshotPrefix, alias21Prefix),
		segmentIndex21, fieldIndex21, indexBuild21,
		ddMsgSendPrefix, path.Join(snapshotPrefix, ddMsgSendPrefix),
		ddOperationPrefix, path.Join(snapshotPrefix, ddOperationPrefix),
	}
	cleaned22 = []string{
		collectionPrefix, partitionPrefix, fieldPrefix, alias22Prefix, snapshotPrefix,
		fieldIndex22, segmentIndex22, collectionLoad22, partitionLoad22,
	}
)

func prefixesOf(text string) ([]string, error) {
	v, err := parseVersion(text)
	switch {
	case err != nil:
		return nil, err
	case is21(v):
		return cleaned21, nil
	case is22(v):
		return cleaned22, nil
	}
	return nil, fmt.Errorf("version not supported: %s", text)
}

func (s store) clean(ctx context.Context, prefixes []string, point string) error {
	for i, prefix := range prefixes {
		if err := s.client.DeletePrefix(ctx, s.root+"/"+prefix); err != nil {
			return err
		}
		fmt.Printf("prefix %s will be removed!\n", prefix)
		if err := fault.Point("%s:%d", point, i+1); err != nil {
			return err
		}
	}
	return nil
}

func (s store) list(ctx context.Context, prefix string) (map[string]string, error) {
	kvs, _, err := s.client.List(ctx, s.root+"/"+prefix)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(kvs))
	for _, kv := range kvs {
		out[strings.TrimPrefix(string(kv.Key), s.root+"/")] = string(kv.Value)
	}
	return out, nil
}

func (s store) load21(ctx context.Context) (metadata21, error) {
	m := metadata21{aliases: map[string]string{}}
	for prefix, into := range map[string]*map[string]string{
		path.Join(snapshotPrefix, collectionPrefix): &m.snapshots,
		collectionPrefix: &m.collections,
		fieldIndex21:     &m.fieldIndexes,
		segmentIndex21:   &m.segmentIndexes,
		indexBuild21:     &m.indexBuilds,
		loadInfo21:       &m.loading,
	} {
		kvs, err := s.list(ctx, prefix)
		if err != nil {
			return m, err
		}
		*into = kvs
	}
	for key, value := range m.collections {
		if strings.HasPrefix(key, alias21Prefix) {
			m.aliases[key] = value
			delete(m.collections, key)
		}
	}
	return m, nil
}

func (s store) save(ctx context.Context, saves pairs) error {
	for i, pair := range saves {
		if err := s.client.Put(ctx, s.root+"/"+pair.Key, pair.Value); err != nil {
			return err
		}
		if err := fault.Point("mid-save:%d", i+1); err != nil {
			return err
		}
	}
	return nil
}

// keysPerRequest is 1, as in the real tool. etcd counts all later keys for each of these requests, so with many keys that
// takes very long; SANDBOX_KEYS_PER_REQUEST reads more at once where only what comes of it matters.
func keysPerRequest() int64 {
	if keys, err := strconv.ParseInt(os.Getenv("SANDBOX_KEYS_PER_REQUEST"), 10, 64); err == nil && keys > 0 {
		return keys
	}
	return 1
}

// backup writes all keys without a lease. The file is overwritten in place and not synced, as by the real tool. One request
// counts the keys, then one request reads each, at the revision of the count.
func (s store) backup(ctx context.Context, file string) error {
	count, revision, err := s.client.Count(ctx, s.root)
	if err != nil {
		return err
	}
	entries := map[string]string{}
	from, all := []byte(s.root), []etcd.KV{}
	page := keysPerRequest()
	for i := int64(0); i < count; {
		kvs, err := s.client.From(ctx, from, min(page, count-i), revision)
		if err != nil {
			return err
		}
		if len(kvs) == 0 {
			break
		}
		i += int64(len(kvs))
		from = append(kvs[len(kvs)-1].Key, 0)
		all = append(all, kvs...)
	}
	for _, kv := range all {
		if kv.Lease != 0 {
			console.Warning(fmt.Sprintf("lease key won't be backuped: %s, lease id: %d", kv.Key, kv.Lease))
			continue
		}
		entries[string(kv.Key)] = string(kv.Value)
	}
	if err := fault.Point("before-write"); err != nil {
		return err
	}
	content := marshalBackup(backupHeader{
		instance: path.Dir(s.root), metaPath: path.Base(s.root), extra: extraWithRoot,
	}, entries)
	console.Warning("backup to: " + file)
	return writeInPlace(file, content)
}

// writeInPlace writes in four pieces, so that a test can leave a truncated file behind.
func writeInPlace(file string, content []byte) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	const pieces = 4
	for i := 0; i < pieces; i++ {
		if err := fault.Point("mid-backup:%d", i); err != nil {
			return err
		}
		if _, err := out.Write(content[i*len(content)/pieces : (i+1)*len(content)/pieces]); err != nil {
			return err
		}
	}
	return out.Close()
}

// restore puts every entry of the file back under the key it was found at, in random order.
func (s store) restore(ctx context.Context, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	header, entries, err := unmarshalBackup(content)
	if err != nil {
		return err
	}
	for i, key := range shuffledKeys(entries) {
		target := key
		if header.extra != extraWithRoot {
			target = path.Join(header.instance, header.metaPath, key)
		}
		if err := s.client.Put(ctx, target, entries[key]); err != nil {
			return err
		}
		if err := fault.Point("mid-restore:%d", i+1); err != nil {
			return err
		}
	}
	return nil
}
