package migration

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

func TestBackupFilesHaveTheToolsFormat(t *testing.T) {
	file := marshalBackup(backupHeader{instance: "by-dev", metaPath: "meta", extra: "{}"}, map[string]string{"a": "b"})
	want := "\x14\x00\x00\x00\x00\x00\x00\x00" + "\x12\x06by-dev" + "\x1a\x04meta" + "\x20\x01" + "\x32\x02{}" +
		"\x06\x00\x00\x00\x00\x00\x00\x00" + "\x0a\x01a" + "\x12\x01b"
	if !bytes.Equal(file, []byte(want)) {
		t.Errorf("got %q, want %q", file, want)
	}
}

func TestBackupFilesGiveBackWhatWasPutIn(t *testing.T) {
	entries := map[string]string{"by-dev/meta/a": "", "by-dev/meta/b": "\x00\xff", "by-dev/meta/c": string(make([]byte, 300))}
	header, read, err := unmarshalBackup(marshalBackup(backupHeader{instance: "by-dev", metaPath: "meta", extra: extraWithRoot}, entries))
	if err != nil || header.entries != 3 || header.extra != extraWithRoot || !reflect.DeepEqual(read, entries) {
		t.Errorf("got %+v %q, error %v", header, read, err)
	}
}

func TestTheOrderOfEntriesIsNotTheOrderOfKeys(t *testing.T) {
	entries := map[string]string{}
	for i := 0; i < 50; i++ {
		entries[fmt.Sprintf("key%02d", i)] = "x"
	}
	first, second := marshalBackup(backupHeader{}, entries), marshalBackup(backupHeader{}, entries)
	if bytes.Equal(first, second) || len(first) != len(second) {
		t.Errorf("two backups of the same entries: %d and %d bytes, the same order: %v", len(first), len(second), bytes.Equal(first, second))
	}
	_, read, err := unmarshalBackup(second)
	if err != nil || !reflect.DeepEqual(read, entries) {
		t.Errorf("got %q, error %v", read, err)
	}
}

func TestACutBackupFileIsRefusedUnlessItIsCutBetweenEntries(t *testing.T) {
	file := marshalBackup(backupHeader{instance: "by-dev", metaPath: "meta", extra: extraWithRoot}, map[string]string{"a": "1", "b": "2"})
	const entry = 8 + 6
	for length := 0; length < len(file); length++ {
		_, _, err := unmarshalBackup(file[:length])
		// As in the real tool, which does not look at the header's count: the script must.
		isBetween := length == len(file)-entry || length == len(file)-2*entry
		if (err == nil) != isBetween {
			t.Errorf("cut after %d of %d bytes: error %v", length, len(file), err)
		}
	}
}
