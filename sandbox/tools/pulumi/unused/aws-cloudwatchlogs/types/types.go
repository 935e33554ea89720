// Package types has the one type of CloudWatch Logs that the engine names.
package types

// FilteredLogEvent is one line of a log.
type FilteredLogEvent struct {
	Message   *string
	Timestamp *int64
}
