package migration

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"sort"
)

// A backup file is the length of the header (8 bytes, little endian), the header, and for each entry its length (8
// bytes, little endian) and the entry. Header and entries are protobuf messages:
//
//	header: 1 version (int32), 2 instance, 3 meta_path, 4 entries (int64), 5 component, 6 extra (JSON)
//	entry:  1 key, 2 data
type backupHeader struct {
	instance, metaPath string
	entries            int
	extra              string
}

// extraWithRoot says that the keys in the file are complete, root path included.
const extraWithRoot = `{"entry_include_root_path":true}`

func appendBytesField(out []byte, field int, value []byte) []byte {
	if len(value) == 0 {
		return out // proto3: a default value is not written.
	}
	out = append(out, byte(field<<3|2))
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}

func appendMessage(out, message []byte) []byte {
	out = binary.LittleEndian.AppendUint64(out, uint64(len(message)))
	return append(out, message...)
}

func (h backupHeader) marshal() []byte {
	out := appendBytesField(nil, 2, []byte(h.instance))
	out = appendBytesField(out, 3, []byte(h.metaPath))
	if h.entries != 0 {
		out = append(out, 4<<3)
		out = binary.AppendUvarint(out, uint64(h.entries))
	}
	return appendBytesField(out, 6, []byte(h.extra))
}

// fields calls onField for every field of a protobuf message made of varints and bytes.
func fields(message []byte, onField func(field int, number uint64, value []byte)) error {
	invalid := errors.New("proto: cannot parse invalid wire-format data")
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return invalid
		}
		message = message[n:]
		number, n := binary.Uvarint(message)
		if n <= 0 {
			return invalid
		}
		message = message[n:]
		switch tag & 7 {
		case 0:
			onField(int(tag>>3), number, nil)
		case 2:
			if number > uint64(len(message)) {
				return invalid
			}
			onField(int(tag>>3), 0, message[:number])
			message = message[number:]
		default:
			return invalid
		}
	}
	return nil
}

// marshalBackup writes the entries in random order, as the real tool does, which ranges over a map.
func marshalBackup(header backupHeader, entries map[string]string) []byte {
	header.entries = len(entries)
	file := appendMessage(nil, header.marshal())
	for _, key := range shuffledKeys(entries) {
		entry := appendBytesField(nil, 1, []byte(key))
		file = appendMessage(file, appendBytesField(entry, 2, []byte(entries[key])))
	}
	return file
}

func nextMessage(file []byte, what string) (message, rest []byte, err error) {
	if len(file) < 8 {
		return nil, nil, fmt.Errorf("invalid backup file, cannot read %s length", what)
	}
	length := binary.LittleEndian.Uint64(file)
	if uint64(len(file)-8) < length {
		return nil, nil, fmt.Errorf("invalid backup file, cannot read %s", what)
	}
	return file[8 : 8+length], file[8+length:], nil
}

// unmarshalBackup, like the real tool, does not compare the number of entries with the header's.
func unmarshalBackup(file []byte) (backupHeader, map[string]string, error) {
	header := backupHeader{}
	message, rest, err := nextMessage(file, "header")
	if err != nil {
		return header, nil, err
	}
	err = fields(message, func(field int, number uint64, value []byte) {
		switch field {
		case 2:
			header.instance = string(value)
		case 3:
			header.metaPath = string(value)
		case 4:
			header.entries = int(number)
		case 6:
			header.extra = string(value)
		}
	})
	if err != nil {
		return header, nil, fmt.Errorf("invalid backup file, cannot read header: %w", err)
	}
	entries := map[string]string{}
	for len(rest) > 0 {
		if message, rest, err = nextMessage(rest, "entry"); err != nil {
			return header, nil, err
		}
		var key, data string
		err = fields(message, func(field int, _ uint64, value []byte) {
			switch field {
			case 1:
				key = string(value)
			case 2:
				data = string(value)
			}
		})
		if err != nil {
			return header, nil, fmt.Errorf("invalid backup file, cannot read entry: %w", err)
		}
		entries[key] = data
	}
	return header, entries, nil
}

// shuffledKeys are in another order every time; that of a Go map is not random enough to count on. SANDBOX_ORDER=sorted is for
// a test that compares what a killed restore leaves with a model of it.
func shuffledKeys[V any](m map[string]V) []string {
	keys := sortedKeys(m)
	if os.Getenv("SANDBOX_ORDER") == "sorted" {
		return keys
	}
	rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
