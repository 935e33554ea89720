package migration

// Keys below the metadata root, as Milvus 2.1 and 2.2 name them.
const (
	collectionPrefix  = "root-coord/collection" // also covers collection-alias
	alias21Prefix     = "root-coord/collection-alias"
	fieldIndex21      = "root-coord/index"
	segmentIndex21    = "root-coord/segment-index"
	indexBuild21      = "indexes"
	ddOperationPrefix = "root-coord/dd-operation"
	ddMsgSendPrefix   = "root-coord/dd-msg-send"
	loadInfo21        = "queryCoord-collectionMeta"

	snapshotPrefix    = "snapshots"
	snapshotSeparator = "_ts"

	partitionPrefix   = "root-coord/partitions"
	fieldPrefix       = "root-coord/fields"
	alias22Prefix     = "root-coord/aliases"
	fieldIndex22      = "field-index"
	segmentIndex22    = "segment-index"
	collectionLoad22  = "querycoord-collection-loadinfo"
	partitionLoad22   = "querycoord-partition-loadinfo"
	defaultIndexName  = "_default_idx"
	indexParamsKey    = "params"
	loadTypePartition = "LoadPartition"
	stateFinished     = "Finished"
)

// tombstone is the value of a snapshot of something that was dropped.
const tombstone = "\xe2\x9b\xbc"

type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type field struct {
	ID         int64      `json:"fieldID"`
	Name       string     `json:"name"`
	TypeParams []keyValue `json:"type_params,omitempty"`
}

type schema struct {
	Name   string  `json:"name"`
	Fields []field `json:"fields,omitempty"`
}

type fieldIndexReference struct {
	FieldID int64 `json:"field_id"`
	IndexID int64 `json:"index_id"`
}

// collection is the record of both versions; 2.1 keeps the field indexes in it, 2.2 a state.
type collection struct {
	ID             int64                 `json:"id"`
	Schema         schema                `json:"schema"`
	PartitionIDs   []int64               `json:"partition_ids,omitempty"`
	PartitionNames []string              `json:"partition_names,omitempty"`
	ShardsNum      int                   `json:"shards_num,omitempty"`
	CreateTime     uint64                `json:"create_time,omitempty"`
	FieldIndexes   []fieldIndexReference `json:"field_indexes,omitempty"`
	State          string                `json:"state,omitempty"`
}

type alias22 struct {
	Name         string `json:"alias_name"`
	CollectionID int64  `json:"collection_id"`
	CreatedTime  uint64 `json:"created_time,omitempty"`
	State        string `json:"state"`
}

type index21 struct {
	Name       string     `json:"index_name"`
	ID         int64      `json:"index_id"`
	Params     []keyValue `json:"index_params,omitempty"`
	Deleted    bool       `json:"deleted,omitempty"`
	CreateTime uint64     `json:"create_time,omitempty"`
}

type index22 struct {
	CollectionID    int64      `json:"collection_id"`
	FieldID         int64      `json:"field_id"`
	ID              int64      `json:"index_id"`
	Name            string     `json:"index_name"`
	TypeParams      []keyValue `json:"type_params,omitempty"`
	Params          []keyValue `json:"index_params,omitempty"`
	UserIndexParams []keyValue `json:"user_index_params,omitempty"`
	Deleted         bool       `json:"deleted,omitempty"`
	CreateTime      uint64     `json:"create_time,omitempty"`
}

type segmentIndex21Record struct {
	CollectionID int64  `json:"collection_id"`
	PartitionID  int64  `json:"partition_id"`
	SegmentID    int64  `json:"segment_id"`
	FieldID      int64  `json:"field_id"`
	IndexID      int64  `json:"index_id"`
	BuildID      int64  `json:"build_id"`
	EnableIndex  bool   `json:"enable_index"`
	CreateTime   uint64 `json:"create_time,omitempty"`
}

type indexBuild21Record struct {
	BuildID      int64    `json:"index_build_id"`
	State        string   `json:"state"`
	FailReason   string   `json:"fail_reason,omitempty"`
	NumRows      int64    `json:"num_rows,omitempty"`
	FilePaths    []string `json:"index_file_paths,omitempty"`
	Deleted      bool     `json:"mark_deleted,omitempty"`
	NodeID       int64    `json:"node_id,omitempty"`
	IndexVersion int64    `json:"index_version,omitempty"`
	Size         uint64   `json:"serialize_size,omitempty"`
}

type segmentIndex22Record struct {
	CollectionID int64    `json:"collection_id"`
	PartitionID  int64    `json:"partition_id"`
	SegmentID    int64    `json:"segment_id"`
	NumRows      int64    `json:"num_rows,omitempty"`
	IndexID      int64    `json:"index_id"`
	BuildID      int64    `json:"build_id"`
	NodeID       int64    `json:"node_id,omitempty"`
	IndexVersion int64    `json:"index_version,omitempty"`
	State        string   `json:"state"`
	FailReason   string   `json:"fail_reason,omitempty"`
	FileKeys     []string `json:"index_file_keys,omitempty"`
	Deleted      bool     `json:"deleted,omitempty"`
	CreateTime   uint64   `json:"create_time,omitempty"`
	Size         uint64   `json:"serialize_size,omitempty"`
	WriteHandoff bool     `json:"write_handoff,omitempty"`
}

type loadInfo21Record struct {
	CollectionID       int64   `json:"collection_id"`
	PartitionIDs       []int64 `json:"partition_ids,omitempty"`
	ReleasedPartitions []int64 `json:"released_partition_ids,omitempty"`
	LoadType           string  `json:"load_type"`
	ReplicaNumber      int     `json:"replica_number"`
	InMemoryPercentage int     `json:"in_memory_percentage"`
}

type loadInfo22Record struct {
	CollectionID       int64            `json:"collection_id"`
	PartitionID        int64            `json:"partition_id,omitempty"`
	ReleasedPartitions []int64          `json:"released_partitions,omitempty"`
	ReplicaNumber      int              `json:"replica_number"`
	Status             string           `json:"status"`
	FieldIndexID       map[string]int64 `json:"field_index_id,omitempty"`
}
