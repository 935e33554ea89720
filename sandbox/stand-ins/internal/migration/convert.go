package migration

import (
	"encoding/json"
	"fmt"
	"path"
	"sort"
	"strconv"
	"strings"
)

// metadata21 is what the tool loads, by key below the metadata root.
type metadata21 struct {
	snapshots, collections, aliases                    map[string]string
	fieldIndexes, segmentIndexes, indexBuilds, loading map[string]string
}

// pairs are keys and values in the order in which they are saved.
type pairs []keyValue

func (p *pairs) add(key string, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return err
	}
	*p = append(*p, keyValue{key, string(value)})
	return nil
}

func parse[T any](key, value string) (T, error) {
	var record T
	if err := json.Unmarshal([]byte(value), &record); err != nil {
		return record, fmt.Errorf("cannot parse the value of %s: %w", key, err)
	}
	return record, nil
}

func lastNumber(key string) (int64, error) { return strconv.ParseInt(path.Base(key), 10, 64) }

// splitSnapshot takes "snapshots/KEY_ts123" apart.
func splitSnapshot(key string) (plain string, timestamp uint64, err error) {
	at := strings.LastIndex(key, snapshotSeparator)
	if at < 0 {
		return "", 0, fmt.Errorf("failed to parse snapshot key: %s", key)
	}
	timestamp, err = strconv.ParseUint(key[at+len(snapshotSeparator):], 10, 64)
	return strings.TrimPrefix(key[:at], snapshotPrefix+"/"), timestamp, err
}

// convert makes the 2.2 records. The same input gives the same output, key for key.
func (m metadata21) convert() (pairs, error) {
	out := pairs{}
	latest := map[int64]latestCollection{}
	steps := []func(*pairs, map[int64]latestCollection) error{
		m.convertSnapshots, m.convertCollections, m.convertAliases, m.convertFieldIndexes, m.convertSegmentIndexes,
		m.convertLoadInfos,
	}
	for _, step := range steps {
		if err := step(&out, latest); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type latestCollection struct {
	timestamp uint64
	record    *collection // nil: dropped
}

func (m metadata21) convertSnapshots(out *pairs, latest map[int64]latestCollection) error {
	for _, key := range sortedKeys(m.snapshots) {
		value := m.snapshots[key]
		plain, timestamp, err := splitSnapshot(key)
		if err != nil {
			return err
		}
		isAlias := strings.HasPrefix(plain, alias21Prefix)
		if isAlias {
			key = path.Join(snapshotPrefix, alias22Prefix, path.Base(plain)) + snapshotSeparator + strconv.FormatUint(timestamp, 10)
		}
		if value == tombstone {
			*out = append(*out, keyValue{key, tombstone})
			if isAlias {
				continue
			}
			id, err := lastNumber(plain)
			if err != nil {
				return err
			}
			if latest[id].timestamp <= timestamp {
				latest[id] = latestCollection{timestamp: timestamp}
			}
			continue
		}
		record, err := parse[collection](key, value)
		if err != nil {
			return err
		}
		if isAlias {
			if err := out.add(key, toAlias22(record, timestamp)); err != nil {
				return err
			}
			continue
		}
		if latest[record.ID].timestamp <= timestamp {
			latest[record.ID] = latestCollection{timestamp, &record}
		}
		if err := out.add(key, toCollection22(record)); err != nil {
			return err
		}
	}
	return nil
}

func toAlias22(record collection, timestamp uint64) alias22 {
	return alias22{Name: record.Schema.Name, CollectionID: record.ID, CreatedTime: timestamp, State: "AliasCreated"}
}

func toCollection22(record collection) collection {
	record.FieldIndexes = nil
	record.State = "CollectionCreated"
	return record
}

func (m metadata21) convertCollections(out *pairs, latest map[int64]latestCollection) error {
	for _, key := range sortedKeys(m.collections) {
		if m.collections[key] == tombstone {
			id, err := lastNumber(key)
			if err != nil {
				return err
			}
			delete(latest, id)
			*out = append(*out, keyValue{key, tombstone})
			continue
		}
		record, err := parse[collection](key, m.collections[key])
		if err != nil {
			return err
		}
		latest[record.ID] = latestCollection{record: &record}
		if err := out.add(key, toCollection22(record)); err != nil {
			return err
		}
	}
	return nil
}

func (m metadata21) convertAliases(out *pairs, _ map[int64]latestCollection) error {
	for _, key := range sortedKeys(m.aliases) {
		newKey := path.Join(alias22Prefix, path.Base(key))
		if m.aliases[key] == tombstone {
			*out = append(*out, keyValue{newKey, tombstone})
			continue
		}
		record, err := parse[collection](key, m.aliases[key])
		if err != nil {
			return err
		}
		if err := out.add(newKey, toAlias22(record, 0)); err != nil {
			return err
		}
	}
	return nil
}

// livingIDs are the ids of the collections that are not dropped, in order.
func livingIDs(latest map[int64]latestCollection) []int64 {
	ids := make([]int64, 0, len(latest))
	for id, known := range latest {
		if known.record != nil {
			ids = append(ids, id)
		}
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return ids
}
