package migration

import (
	"reflect"
	"testing"
)

func TestConversionCarriesEveryKindOfRecordOver(t *testing.T) {
	collectionRecord := `{"id":1,"schema":{"name":"c","fields":[{"fieldID":101,"name":"v","type_params":[{"key":"dim","value":"8"}]}]},"field_indexes":[{"field_id":101,"index_id":3}]}`
	m := metadata21{
		snapshots: map[string]string{
			"snapshots/root-coord/collection/1_ts7":       collectionRecord,
			"snapshots/root-coord/collection/2_ts8":       tombstone,
			"snapshots/root-coord/collection-alias/a_ts9": `{"id":1,"schema":{"name":"a"}}`,
		},
		collections:    map[string]string{"root-coord/collection/1": collectionRecord},
		aliases:        map[string]string{"root-coord/collection-alias/a": `{"id":1,"schema":{"name":"a"}}`},
		fieldIndexes:   map[string]string{"root-coord/index/1/3": `{"index_name":"_default_idx","index_id":3,"index_params":[{"key":"params","value":"{\"nlist\":128}"},{"key":"metric_type","value":"L2"}]}`},
		segmentIndexes: map[string]string{"root-coord/segment-index/9/3": `{"collection_id":1,"partition_id":2,"segment_id":9,"index_id":3,"build_id":11,"enable_index":true}`},
		indexBuilds:    map[string]string{"indexes/11": `{"index_build_id":11,"state":"Finished","num_rows":5,"index_file_paths":["files/x/y"]}`},
		loading: map[string]string{
			"queryCoord-collectionMeta/1": `{"collection_id":1,"load_type":"LoadCollection","replica_number":2,"in_memory_percentage":100}`,
			"queryCoord-collectionMeta/5": `{"collection_id":5,"load_type":"LoadCollection","replica_number":1,"in_memory_percentage":99}`,
		},
	}
	newCollection := `{"id":1,"schema":{"name":"c","fields":[{"fieldID":101,"name":"v","type_params":[{"key":"dim","value":"8"}]}]},"state":"CollectionCreated"}`
	want := pairs{
		{"snapshots/root-coord/aliases/a_ts9", `{"alias_name":"a","collection_id":1,"created_time":9,"state":"AliasCreated"}`},
		{"snapshots/root-coord/collection/1_ts7", newCollection},
		{"snapshots/root-coord/collection/2_ts8", tombstone},
		{"root-coord/collection/1", newCollection},
		{"root-coord/aliases/a", `{"alias_name":"a","collection_id":1,"state":"AliasCreated"}`},
		{"field-index/1/3", `{"collection_id":1,"field_id":101,"index_id":3,"index_name":"_default_idx_101","type_params":[{"key":"dim","value":"8"}],"index_params":[{"key":"metric_type","value":"L2"},{"key":"nlist","value":"128"}],"user_index_params":[{"key":"params","value":"{\"nlist\":128}"},{"key":"metric_type","value":"L2"}]}`},
		{"segment-index/1/2/9/11", `{"collection_id":1,"partition_id":2,"segment_id":9,"num_rows":5,"index_id":3,"build_id":11,"state":"Finished","index_file_keys":["y"],"write_handoff":true}`},
		{"querycoord-collection-loadinfo/1", `{"collection_id":1,"replica_number":2,"status":"Loaded","field_index_id":{"101":3}}`},
	}
	got, err := m.convert()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	byKey := map[string]string{}
	for _, pair := range got {
		byKey[pair.Key] = pair.Value
	}
	for _, pair := range want {
		if byKey[pair.Key] != pair.Value {
			t.Errorf("%s:\n got %s\nwant %s", pair.Key, byKey[pair.Key], pair.Value)
		}
	}
	again, err := m.convert()
	if err != nil || !reflect.DeepEqual(got, again) {
		t.Errorf("a second conversion differs: error %v", err)
	}
}

func TestConversionStopsAtAnIndexThatIsNotThere(t *testing.T) {
	m := metadata21{collections: map[string]string{"root-coord/collection/1": `{"id":1,"schema":{"name":"c"},"field_indexes":[{"field_id":101,"index_id":3}]}`}}
	if _, err := m.convert(); err == nil || err.Error() != "index not exist, collection: 1, index: 3" {
		t.Errorf("error %v", err)
	}
}
