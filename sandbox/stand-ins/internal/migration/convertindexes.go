package migration

import (
	"encoding/json"
	"fmt"
	"path"
	"sort"
	"strconv"
)

// convertFieldIndexes follows the collections: an index that no collection refers to is left behind.
func (m metadata21) convertFieldIndexes(out *pairs, latest map[int64]latestCollection) error {
	for _, id := range livingIDs(latest) {
		record := latest[id].record
		for _, reference := range record.FieldIndexes {
			oldKey := fmt.Sprintf("%s/%d/%d", fieldIndex21, id, reference.IndexID)
			value, found := m.fieldIndexes[oldKey]
			if !found {
				return fmt.Errorf("index not exist, collection: %d, index: %d", id, reference.IndexID)
			}
			old, err := parse[index21](oldKey, value)
			if err != nil {
				return err
			}
			params, err := flattenParams(old.Params)
			if err != nil {
				return err
			}
			index := index22{
				CollectionID: id, FieldID: reference.FieldID, ID: reference.IndexID, Name: old.Name, Params: params,
				UserIndexParams: old.Params, Deleted: old.Deleted, CreateTime: old.CreateTime,
			}
			if index.Name == defaultIndexName {
				index.Name += "_" + strconv.FormatInt(reference.FieldID, 10)
			}
			known := false
			for _, f := range record.Schema.Fields {
				if f.ID == reference.FieldID {
					index.TypeParams, known = f.TypeParams, true
				}
			}
			if !known {
				return fmt.Errorf("fieldID(%d) not found", reference.FieldID)
			}
			if err := out.add(fmt.Sprintf("%s/%d/%d", fieldIndex22, id, reference.IndexID), index); err != nil {
				return err
			}
		}
	}
	return nil
}

// flattenParams replaces the entry "params", a JSON object, by its members.
func flattenParams(old []keyValue) ([]keyValue, error) {
	flat := map[string]string{}
	for _, param := range old {
		if param.Key != indexParamsKey {
			flat[param.Key] = param.Value
			continue
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(param.Value), &members); err != nil {
			return nil, err
		}
		for name, member := range members {
			flat[name] = fmt.Sprint(member)
		}
	}
	out := make([]keyValue, 0, len(flat))
	for _, name := range sortedKeys(flat) {
		out = append(out, keyValue{name, flat[name]})
	}
	return out, nil
}

func (m metadata21) convertSegmentIndexes(out *pairs, _ map[int64]latestCollection) error {
	builds := map[int64]indexBuild21Record{}
	for key, value := range m.indexBuilds {
		build, err := parse[indexBuild21Record](key, value)
		if err != nil {
			return err
		}
		builds[build.BuildID] = build
	}
	for _, key := range sortedKeys(m.segmentIndexes) {
		old, err := parse[segmentIndex21Record](key, m.segmentIndexes[key])
		if err != nil {
			return err
		}
		build, found := builds[old.BuildID]
		if old.BuildID == 0 && !old.EnableIndex {
			build, found = indexBuild21Record{State: stateFinished, IndexVersion: 1}, true
		}
		if !found {
			return fmt.Errorf("index build meta not found, segment id: %d, index id: %d, index build id: %d",
				old.SegmentID, old.IndexID, old.BuildID)
		}
		files := make([]string, len(build.FilePaths))
		for i, file := range build.FilePaths {
			files[i] = path.Base(file)
		}
		newKey := fmt.Sprintf("%s/%d/%d/%d/%d", segmentIndex22, old.CollectionID, old.PartitionID, old.SegmentID, old.BuildID)
		err = out.add(newKey, segmentIndex22Record{
			CollectionID: old.CollectionID, PartitionID: old.PartitionID, SegmentID: old.SegmentID, NumRows: build.NumRows,
			IndexID: old.IndexID, BuildID: old.BuildID, NodeID: build.NodeID, IndexVersion: build.IndexVersion,
			State: build.State, FailReason: build.FailReason, FileKeys: files, Deleted: build.Deleted,
			CreateTime: old.CreateTime, Size: build.Size, WriteHandoff: build.State == stateFinished,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// convertLoadInfos keeps what is fully loaded and has an index; the rest is released by the migration.
func (m metadata21) convertLoadInfos(out *pairs, latest map[int64]latestCollection) error {
	for _, key := range sortedKeys(m.loading) {
		old, err := parse[loadInfo21Record](key, m.loading[key])
		if err != nil {
			return err
		}
		loaded := latest[old.CollectionID]
		if old.InMemoryPercentage < 100 || loaded.record == nil || len(loaded.record.FieldIndexes) == 0 {
			continue
		}
		info := loadInfo22Record{
			CollectionID: old.CollectionID, ReplicaNumber: old.ReplicaNumber, Status: "Loaded", FieldIndexID: map[string]int64{},
		}
		for _, reference := range loaded.record.FieldIndexes {
			info.FieldIndexID[strconv.FormatInt(reference.FieldID, 10)] = reference.IndexID
		}
		if old.LoadType != loadTypePartition {
			info.ReleasedPartitions = old.ReleasedPartitions
			if err := out.add(fmt.Sprintf("%s/%d", collectionLoad22, old.CollectionID), info); err != nil {
				return err
			}
			continue
		}
		partitions := append([]int64(nil), old.PartitionIDs...)
		sort.Slice(partitions, func(i, j int) bool { return partitions[i] < partitions[j] })
		for _, partition := range partitions {
			info.PartitionID = partition
			if err := out.add(fmt.Sprintf("%s/%d/%d", partitionLoad22, old.CollectionID, partition), info); err != nil {
				return err
			}
		}
	}
	return nil
}
